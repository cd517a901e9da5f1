"""Injection: adds `r · v/|v|` to the output of chosen decoder blocks, every request with its own r.

Install it once, when the model is loaded and *before* anything is compiled or warmed up: a hook that comes
after the first compile is silently ignored. From then on strengths change in place, in tensors that were
allocated at the start; nothing is compiled again and no graph is captured again.

What a block adds per row is worked out once when strengths are set, not once per token: the hook itself is
one broadcast addition, whatever the number of vectors and of different strengths.

Padding needs no mask. A pad token is never attended to, so what is added there reaches nothing, and there is
no mask that could be wrong under a KV cache or a packed batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from feedback.coach.steering.blocks import block_device, decoder_blocks, fingerprint, first_hidden
from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.vectors import SteeringVector

Strengths = Mapping[str, float]  # vector's name -> r; a name left out is 0


class Injection:
    """Hooks on one model for a fixed set of named vectors.

    `rows`: most rows of one batch (prompts × beams). `unbounded`: strengths beyond a vector's end stops, and
    vectors without a calibration, are let through; for measuring only. Raises SteeringError for a vector
    of another model, a compiled model, or a second installation.
    """

    def __init__(
        self,
        model: Any,
        vectors: Mapping[str, SteeringVector],
        *,
        rows: int = 64,
        unbounded: bool = False,
    ) -> None:
        if _compiled(model):
            raise SteeringError("the model is compiled already and would ignore a hook: install first")
        if getattr(model, "_steering", None) is not None:
            raise SteeringError("an injection is installed already: give it all vectors, or remove it first")
        known = fingerprint(model)
        for name, vector in vectors.items():
            vector.check(model, known=known)
            if vector.stops is None and not unbounded:
                raise SteeringError(f"{name}: not calibrated, so it has no end stop")
        self.vectors = dict(vectors)
        self.names = list(vectors)
        self.rows = rows
        self.unbounded = unbounded
        self.token_rows: torch.Tensor | None = None  # set by `pack`, for continuous batching only
        self._expected = 0  # rows that strengths were set for; 0: the same for every row
        self._model = model
        self._directions: dict[int, torch.Tensor] = {}  # by layer: [vectors, width], float32
        self._additions: dict[int, torch.Tensor] = {}  # by layer: [rows, width], the block's dtype
        self._handles = []
        blocks = decoder_blocks(model)
        with torch.inference_mode(False):  # tensors born in inference mode cannot be changed outside it
            for layer in sorted({layer for vector in vectors.values() for layer in vector.directions}):
                device, dtype = block_device(blocks[layer]), model.dtype
                self._directions[layer] = torch.stack(
                    [_unit(vector.directions.get(layer), vector.width) for vector in vectors.values()]
                ).to(device)
                addition = torch.zeros(rows, self._directions[layer].shape[1], device=device, dtype=dtype)
                torch._dynamo.mark_static_address(addition)
                self._additions[layer] = addition
                self._handles.append(blocks[layer].register_forward_hook(self._hook(layer)))
        model._steering = self

    def set(self, strengths: Strengths | Sequence[Strengths]) -> None:
        """One mapping for every row, or one per row in the batch's order. Raises SteeringError."""
        if isinstance(strengths, Mapping):
            for addition, value in self._worked_out([strengths]):
                addition.copy_(value.expand_as(addition))
            self._expected = 0
            return
        if not 0 < len(strengths) <= self.rows:
            raise SteeringError(f"{len(strengths)} strengths: this injection takes 1 to {self.rows} rows")
        for addition, value in self._worked_out(strengths):
            addition[: len(strengths)].copy_(value)
            addition[len(strengths) :].zero_()
        self._expected = len(strengths)

    def allowed(self, strengths: Strengths) -> dict[str, float]:
        """What of the strengths is within the dials that there are: unknown names are left out, the others
        end at their stops."""
        found = {name: float(value) for name, value in strengths.items() if name in self.vectors}
        stops = {name: self.vectors[name].stops for name in found if not self.unbounded}
        return found | {
            name: min(max(found[name], ends[0]), ends[1]) for name, ends in stops.items() if ends is not None
        }

    def set_row(self, row: int, strengths: Strengths) -> None:
        """Changes one row and leaves the others as they are (continuous batching)."""
        for addition, value in self._worked_out([strengths]):
            addition[row].copy_(value[0])

    def clear(self) -> None:
        """Strength 0 everywhere: the model answers token for token as if nothing were installed."""
        for addition in self._additions.values():
            addition.zero_()
        self._expected = 0

    @contextmanager
    def steered(self, strengths: Strengths | Sequence[Strengths]) -> Iterator[None]:
        """Strengths for the length of a `with` block."""
        self.set(strengths)
        try:
            yield
        finally:
            self.clear()

    def pack(self, tokens: int) -> None:
        """From now on batches are one packed row of at most `tokens` tokens; see `continuous`."""
        device = next(iter(self._additions.values())).device
        if any(addition.device != device for addition in self._additions.values()):
            raise SteeringError("continuous batching is steered on one device only")
        with torch.inference_mode(False):
            self.token_rows = torch.zeros(tokens, dtype=torch.long, device=device)
        torch._dynamo.mark_static_address(self.token_rows)

    def unpack(self) -> None:
        self.token_rows = None

    def remove(self) -> None:
        """Takes the hooks out. The weights were never touched, so the model is exactly what it was."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if getattr(self._model, "_steering", None) is self:
            self._model._steering = None

    @torch.no_grad()
    def _worked_out(self, rows: Sequence[Strengths]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        values = torch.tensor([[self._checked(row, name) for name in self.names] for row in rows])
        for row in rows:
            if unknown := set(row) - set(self.names):
                raise SteeringError(f"no vector {', '.join(sorted(unknown))}: there are {self.names}")
        for layer, directions in self._directions.items():
            # A sum of products rather than a matrix product: a row's result never depends on its neighbours.
            added = (values.to(directions.device)[:, :, None] * directions).sum(dim=1)  # [rows, width]
            yield self._additions[layer], added.to(self._additions[layer].dtype)

    def _checked(self, row: Strengths, name: str) -> float:
        strength = float(row.get(name, 0.0))
        if not math.isfinite(strength):
            raise SteeringError(f"{name}: the strength is not a number")
        stops = self.vectors[name].stops
        if strength and not self.unbounded and stops and not stops[0] <= strength <= stops[1]:
            raise SteeringError(
                f"{name}: strength {strength:g} is beyond the dial, {stops[0]:g} to {stops[1]:g}"
            )
        return strength

    def _hook(self, layer: int):
        addition = self._additions[layer]

        def hook(block: torch.nn.Module, inputs: Any, output: Any) -> Any:
            hidden = first_hidden(output)  # [batch, tokens, width]
            if self.token_rows is not None:
                steered = hidden + addition[self.token_rows[: hidden.shape[1]]]
            else:
                if hidden.shape[0] > self.rows:
                    raise SteeringError(f"a batch of {hidden.shape[0]}: this injection takes {self.rows}")
                if not torch.compiler.is_compiling() and self._expected not in (0, hidden.shape[0]):
                    raise SteeringError(
                        f"a batch of {hidden.shape[0]} rows, but strengths were set for {self._expected}"
                    )
                steered = hidden + addition[: hidden.shape[0], None]
            return (steered, *output[1:]) if isinstance(output, tuple) else steered

        return hook


def _unit(direction: torch.Tensor | None, width: int) -> torch.Tensor:
    if direction is None:
        return torch.zeros(width)
    return direction.float() / direction.float().norm()


def _compiled(model: Any) -> bool:
    return (
        hasattr(model, "_orig_mod")
        or getattr(model, "_compiled_call_impl", None) is not None
        or getattr(model, "_compiled_call", None) is not None
    )
