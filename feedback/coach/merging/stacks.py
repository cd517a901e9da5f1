"""One tensor of the base and of every expert, read piece by piece in the type that is computed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch

from feedback.coach.merging.adapters import Adapter
from feedback.coach.merging.checkpoints import Checkpoint, grid
from feedback.coach.merging.errors import MergeError

PIECE = 1 << 18  # entries read at a time: with a few experts they stay in the processor's cache
PIECE_GPU = 1 << 24

Source = Checkpoint | Adapter


@dataclass(frozen=True)
class Inputs:
    """What is merged, opened: the base and the experts, in the recipe's order."""

    base: Checkpoint
    experts: tuple[Source, ...]
    dtype: torch.dtype
    device: torch.device

    def stack(self, name: str) -> Stack:
        return Stack(name, self)

    def close(self) -> None:
        for source in (self.base, *self.experts):
            source.close()


class Stack:
    """The tensor `name`, seen as [rows, width]."""

    def __init__(self, name: str, inputs: Inputs) -> None:
        self.name = name
        self.shape = inputs.base.shape(name)
        self.rows, self.width = grid(self.shape)
        self.size = self.rows * self.width
        self.count = len(inputs.experts)
        self.inputs = inputs

    def spans(self) -> Iterator[tuple[int, int]]:
        """Row ranges of about PIECE entries, which depend on the shape alone."""
        piece = PIECE if self.inputs.device.type == "cpu" else PIECE_GPU
        step = max(1, piece // max(1, self.width))
        for first in range(0, self.rows, step):
            yield first, min(first + step, self.rows)

    def pieces(self) -> Iterator[Piece]:
        for first, last in self.spans():
            yield Piece(self, first, last)

    def whole(self) -> Piece:
        return Piece(self, 0, self.rows)

    def refuse_no_numbers(self) -> None:
        """Raises MergeError that names the source of NaN or Inf, where there is one."""
        for piece in self.pieces():
            sources = [self.inputs.base.what, *(source.what for source in self.inputs.experts)]
            for what, values in zip(sources, [piece.base, *piece.experts], strict=True):
                if not torch.isfinite(values).all():
                    raise MergeError(
                        f"{what}: {self.name} holds NaN or infinite numbers; it was not saved well, or its "
                        "training diverged"
                    )


class Piece:
    """Some rows of a stack; what a method does not ask for is not read."""

    def __init__(self, stack: Stack, first: int, last: int) -> None:
        self.stack, self.first, self.last = stack, first, last

    @cached_property
    def base(self) -> torch.Tensor:
        """θ0, [rows, width]; not to be changed, as it may be a view of the file."""
        return self._read(self.stack.inputs.base)

    @cached_property
    def experts(self) -> list[torch.Tensor]:
        """θt by expert, [rows, width] each; not to be changed, and used up by `deltas`."""
        found = []
        for place, source in enumerate(self.stack.inputs.experts):
            lora = isinstance(source, Adapter)
            found.append(self.base + self.delta(place) if lora else self._read(source))
        return found

    @cached_property
    def deltas(self) -> list[torch.Tensor]:
        """τt = θt − θ0 by expert, [rows, width] each; a method may change them."""
        if "experts" in self.__dict__:
            pairs = zip(self.stack.inputs.experts, self.experts, strict=True)
            return [self._less_base(source, expert) for source, expert in pairs]
        return [self.delta(place) for place in range(self.stack.count)]

    def delta(self, place: int) -> torch.Tensor:
        """τt of one expert, read anew."""
        source = self.stack.inputs.experts[place]
        if isinstance(source, Adapter):
            return source.delta(self.stack.name, self.first, self.last, self.base)
        return self._less_base(source, self._read(source))

    def _less_base(self, source: Source, values: torch.Tensor) -> torch.Tensor:
        inputs = self.stack.inputs
        stored = isinstance(source, Checkpoint) and source.dtype(self.stack.name) == inputs.dtype
        # What needed no conversion is a view of the file.
        return values - self.base if stored and inputs.device.type == "cpu" else values.sub_(self.base)

    def _read(self, source: Checkpoint) -> torch.Tensor:
        stored = source.rows(self.stack.name, self.first, self.last)
        return stored.to(device=self.stack.inputs.device, dtype=self.stack.inputs.dtype)
