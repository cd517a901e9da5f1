"""Task vectors thinned out: by magnitude, at random, or at random by magnitude.

Each way is a `Thinning`: made for one tensor, it is given the pieces of every expert in the order of rows and
changes them in place. Entries left out become 0.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np
import torch

from feedback.coach.merging.recipe import Parameters
from feedback.coach.merging.selection import Bound, Selection, row_order
from feedback.coach.merging.stacks import Stack


class Thinning(Protocol):
    """A way of thinning one tensor of every expert's task vector, piece by piece (TIES, DARE, DELLA and
    Breadcrumbs are ways; each class names its paper). It may count rows or draw as it goes, so the pieces of
    an expert come once each and in the order of rows; another tensor needs another one.
    """

    def __call__(self, place: int, delta: torch.Tensor) -> torch.Tensor:
        """The next rows of expert `place` (its number, from 0), thinned.

        `delta` [rows, width] floats, expert minus base, is changed in place and returned: left-out entries
        0, the others as they were or scaled.
        """


class Threshold:
    """Keeps entries of at least an expert's threshold: ties at it are all kept. TIES, arXiv 2306.01708,
    §4.
    """

    def __init__(self, thresholds: list[float]) -> None:
        self.thresholds = thresholds

    def __call__(self, place: int, delta: torch.Tensor) -> torch.Tensor:
        return delta.mul_(delta.abs() >= self.thresholds[place])


class Ranks:
    """Keeps the entries of a tensor whose rank by magnitude lies in (skipped, skipped + kept], exactly so
    many: of equal ones the first in row order counts as larger. What mergekit does, there with ties in any
    order.
    """

    def __init__(self, stack: Stack, skipped: int, kept: int) -> None:
        picks = [
            Selection([skipped, skipped + kept], stack.size, stack.inputs.dtype) for _ in range(stack.count)
        ]
        for _ in range(picks[0].passes):
            for piece in stack.pieces():
                for place, pick in enumerate(picks):
                    pick.feed(piece.delta(place).abs_())
            for pick in picks:
                pick.narrow()
        self.skips = skipped > 0
        self.bounds: list[list[Bound]] = [pick.bounds() for pick in picks]

    def __call__(self, place: int, delta: torch.Tensor) -> torch.Tensor:
        upper, lower = self.bounds[place]
        sizes = delta.abs()
        chosen = lower.take(sizes)
        if self.skips:
            chosen &= ~upper.take(sizes)
        return delta.mul_(chosen)


class Drop:
    """Drops entries at random: m ~ Bernoulli(1 − p), the rest divided by 1 − p. DARE, arXiv 2311.03099,
    §3.2.
    """

    def __init__(self, stack: Stack, seed: int, drop: float) -> None:
        self.chances = Chances(stack, seed)
        self.keep = 1.0 - drop

    def __call__(self, place: int, delta: torch.Tensor) -> torch.Tensor:
        return delta.mul_(self.chances.next(place, delta) < self.keep).div_(self.keep)


class DropByRank:
    """Drops at random, small entries of a row more often: the r-th smallest of n is kept with
    p = (d − e) + 2e(r − 1)/(n − 1) and divided by p; equal entries rank in row order.
    DELLA, arXiv 2406.11617, §3."""

    def __init__(self, stack: Stack, seed: int, density: float, window: float) -> None:
        self.chances = Chances(stack, seed)
        self.density, self.window = density, window

    def __call__(self, place: int, delta: torch.Tensor) -> torch.Tensor:
        keep = self.probabilities(delta)
        return delta.mul_(self.chances.next(place, delta) < keep).div_(keep)

    def probabilities(self, delta: torch.Tensor) -> torch.Tensor:
        """[rows, width] by rank."""
        width = delta.shape[1]
        if self.density >= 1 or width == 1:
            return torch.full_like(delta, self.density)
        low = self.density - self.window
        steps = low + 2 * self.window * torch.arange(width, dtype=delta.dtype, device=delta.device) / (
            width - 1
        )
        order = delta.abs().argsort(dim=1, stable=True)
        return torch.empty_like(delta).scatter_(1, order, steps.expand_as(order))


class RowBand:
    """Leaves out the ⌊γn⌋ largest entries of a row and keeps the ⌊β·rest⌋ largest of the rest, at least one;
    ties at either bound are kept. Breadcrumbs, arXiv 2312.06795, §3."""

    def __init__(self, gamma: float, beta: float) -> None:
        self.gamma, self.beta = gamma, beta

    def __call__(self, place: int, delta: torch.Tensor) -> torch.Tensor:
        width = delta.shape[1]
        top = min(int(self.gamma * width), width - 1)
        kept = max(1, int(self.beta * (width - top)))
        sizes = delta.abs()
        bounds = row_order(sizes, [width - top - kept, width - top - 1])  # [rows, 2]
        return delta.mul_((sizes >= bounds[:, :1]) & (sizes <= bounds[:, 1:]))


class SameNorm:
    """Another thinning's choice of entries, scaled to the L1 norm that the tensor had, as mergekit does in
    place of dividing by the chance to be kept. Goes over the tensor once more beforehand."""

    def __init__(
        self, stack: Stack, make: type[Drop] | type[DropByRank], seed: int, **options: float
    ) -> None:
        self.inner = make(stack, seed, **options)
        first = make(stack, seed, **options)
        sums = np.zeros((stack.count, 2))
        for piece in stack.pieces():
            for place in range(stack.count):
                delta = piece.delta(place)
                sums[place, 0] += float(delta.abs().sum(dtype=torch.float64))
                sums[place, 1] += float(_chosen(first, place, delta).abs_().sum(dtype=torch.float64))
        # Below 1e-7 mergekit leaves the tensor as it is.
        self.scales = [a / b if a >= 1e-7 and b >= 1e-7 else 1.0 for a, b in sums]

    def __call__(self, place: int, delta: torch.Tensor) -> torch.Tensor:
        return _chosen(self.inner, place, delta).mul_(self.scales[place])


def _chosen(thinning: Drop | DropByRank, place: int, delta: torch.Tensor) -> torch.Tensor:
    keep = thinning.keep if isinstance(thinning, Drop) else thinning.probabilities(delta)
    return delta.mul_(thinning.chances.next(place, delta) < keep)


class Chances:
    """Uniform numbers in [0, 1) for the entries of one tensor, by seed, tensor and expert: the same for any
    order of tensors, number of threads, and device."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._streams = [_stream(seed, stack.name, place) for place in range(stack.count)]

    def next(self, place: int, like: torch.Tensor) -> torch.Tensor:
        drawn = self._streams[place].random(like.numel(), dtype=np.float32)
        return torch.from_numpy(drawn).reshape(like.shape).to(like.device)


def _stream(seed: int, name: str, place: int) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}\0{place}\0{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64DXSM(int.from_bytes(digest[:16], "little")))


def thinning(
    method: str, rule: str, stack: Stack, settings: Parameters, seed: int, thresholds: list[float] | None
) -> Thinning | None:
    """How a method thins this tensor out; None where it does not. `thresholds`: those of the whole task
    vectors, by expert, for `ties` by the paper."""
    number = {name: value for name, value in settings.items() if isinstance(value, int | float)}
    ours = rule == "paper"
    if method == "ties":
        if ours:
            return Threshold(thresholds or [])
        density = number["density"]
        return (
            None if density >= 1 else Ranks(stack, 0, max(1, int(density * stack.size)) if density > 0 else 0)
        )
    if method in ("dare", "dare_ties"):
        if number["drop"] <= 0:
            return None
        if ours:
            return Drop(stack, seed, number["drop"])
        return SameNorm(stack, Drop, seed, drop=number["drop"])
    if method in ("della", "della_linear"):
        if number["density"] >= 1:
            return None
        options = {"density": number["density"], "window": number["window"]}
        return DropByRank(stack, seed, **options) if ours else SameNorm(stack, DropByRank, seed, **options)
    if method in ("breadcrumbs", "breadcrumbs_ties"):
        return _band(ours, stack, number["gamma"], number["beta"])
    return None


def _band(ours: bool, stack: Stack, gamma: float, beta: float) -> Thinning | None:
    if ours:
        return RowBand(gamma, beta)
    if beta >= 1:
        return None
    kept, top = int(beta * stack.size), int(gamma * stack.size)
    return Ranks(stack, min(top, stack.size - kept), kept)
