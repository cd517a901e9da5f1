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
    """The tensor `name`, seen as [rows, width]. Every piece that is read is checked for NaN and Inf."""

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


class Piece:
    """Some rows of a stack; what a method does not ask for is not read."""

    def __init__(self, stack: Stack, first: int, last: int) -> None:
        self.stack, self.first, self.last = stack, first, last

    @cached_property
    def base(self) -> torch.Tensor:
        """θ0, [rows, width]."""
        return self._read(self.stack.inputs.base)

    @cached_property
    def experts(self) -> list[torch.Tensor]:
        """θt by expert, [rows, width] each."""
        return [self.expert(place) for place in range(self.stack.count)]

    @cached_property
    def deltas(self) -> list[torch.Tensor]:
        """τt = θt − θ0 by expert, [rows, width] each."""
        return [self.delta(place) for place in range(self.stack.count)]

    def expert(self, place: int) -> torch.Tensor:
        source = self.stack.inputs.experts[place]
        return self.base + self.delta(place) if isinstance(source, Adapter) else self._read(source)

    def delta(self, place: int) -> torch.Tensor:
        """A new tensor, which the caller may change."""
        source = self.stack.inputs.experts[place]
        if isinstance(source, Adapter):
            found = source.delta(self.stack.name, self.first, self.last, self.base)
            return self._finite(found, source.what)
        if "experts" in self.__dict__:
            return self.experts[place] - self.base
        return self._read(source) - self.base

    def _read(self, source: Checkpoint) -> torch.Tensor:
        stored = source.rows(self.stack.name, self.first, self.last)
        inputs = self.stack.inputs
        return self._finite(stored.to(device=inputs.device, dtype=inputs.dtype), source.what)

    def _finite(self, values: torch.Tensor, what: str) -> torch.Tensor:
        # A sum is much cheaper than a test of every entry, and not finite where one of them is not.
        if not torch.isfinite(values.sum()) and not torch.isfinite(values).all():
            raise MergeError(
                f"{what}: {self.stack.name} holds NaN or infinite numbers; it was not saved well, or its "
                "training diverged"
            )
        return values
