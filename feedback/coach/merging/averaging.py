"""Means of the experts: plain, weighted, and between base and mean as the angle between them says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from feedback.coach.merging.stacks import Stack

_ROUNDING = 1e-6


def mean(experts: list[torch.Tensor], shares: list[float]) -> torch.Tensor:
    """Σ λt θt, shares on the simplex. arXiv 2203.05482 (equal), 2306.04488 (tuned). Changes nothing."""
    merged = experts[0] * shares[0]
    for expert, share in zip(experts[1:], shares[1:], strict=True):
        merged.add_(expert, alpha=share)
    return merged


def gram(deltas: list[torch.Tensor]) -> torch.Tensor:
    """Inner products of task vectors, [T, T] in float64 on the CPU; NaN or infinite where an entry is."""
    flat = [delta.reshape(-1) for delta in deltas]
    lower = [[float(torch.dot(one, other)) for other in flat[: row + 1]] for row, one in enumerate(flat)]
    rows = [[lower[max(i, j)][min(i, j)] for j in range(len(flat))] for i in range(len(flat))]
    return torch.tensor(rows, dtype=torch.float64)


def stock_ratio(stack: Stack, cosine: str) -> float:
    """How far Model Stock goes from the base to the mean: t = T·cos/(1 + (T − 1)·cos) for one tensor, with
    the mean over pairs of the cosines or of the angles. arXiv 2403.19522, §4.

    0, the base, where no t is finite or a task vector is 0. Of task vectors that agree t lies between 0 and
    1; for opposed ones the formula falls below 0 without bound (T = 2, cos = -.9: t = -18), which is done as
    written, and `beyond` says so.
    """
    products = torch.zeros(stack.count, stack.count, dtype=torch.float64)
    for piece in stack.pieces():
        products += gram(piece.deltas)
    return ratio(cosines(products), cosine)


def ratio(between: torch.Tensor, cosine: str) -> float:
    """t from the [T, T] cosines between experts."""
    count = len(between)
    pairs = between[tuple(torch.triu_indices(count, count, offset=1))]
    cos = float(pairs.mean()) if cosine == "mean" else math.cos(float(pairs.acos().mean()))
    below = 1 + (count - 1) * cos
    return 0.0 if abs(below) < 1e-6 else count * cos / below


def beyond(facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A warning where Model Stock left the line from the base to the mean. `facts`: by tensor, with `t`."""
    ratios = {name: float(each["t"]) for name, each in facts.items() if "t" in each}
    off = {name: t for name, t in ratios.items() if not -_ROUNDING <= t <= 1 + _ROUNDING}
    if not off:
        return []
    far = max(off, key=lambda name: abs(off[name]))
    return [
        f"model_stock went beyond base and mean in {len(off)} of {len(ratios)} tensors, farthest in {far} "
        f"(t = {off[far]:.3g}; 0 is the base, 1 the mean): the task vectors there point against each other, "
        "and its formula has no bound for such; take another method, or leave an expert out"
    ]


def cosines(products: torch.Tensor) -> torch.Tensor:
    """[T, T] cosines from inner products; 0 beside a vector that is 0."""
    norms = products.diagonal().sqrt()
    scale = norms[:, None] * norms[None, :]
    return torch.where(scale > 0, products / scale.clamp(min=1e-300), 0.0).clamp(-1, 1)
