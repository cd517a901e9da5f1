"""Task vectors put together, entry by entry: a sum, or what agrees with an elected sign."""

from __future__ import annotations

import torch


def total(deltas: list[torch.Tensor], weights: list[float]) -> torch.Tensor:
    """Σ wt τt, [rows, width]. Changes `deltas`."""
    merged = _weighted(deltas[0], weights[0])
    for delta, weight in zip(deltas[1:], weights[1:], strict=True):
        merged += _weighted(delta, weight)
    return merged


def elected(deltas: list[torch.Tensor], weights: list[float], *, mean: bool) -> torch.Tensor:
    """The weighted entries whose sign is that of their sum: their mean (divided by the weights that agree) or
    their sum, [rows, width]. TIES, arXiv 2306.01708, §4. Changes `deltas`.

    Entries that are 0 take no part; a sum of exactly 0 counts as positive.
    """
    deltas = [_weighted(delta, weight) for delta, weight in zip(deltas, weights, strict=True)]
    up = deltas[0].clone()
    for delta in deltas[1:]:
        up += delta
    positive = up >= 0
    merged = up.zero_()
    agreeing = torch.zeros_like(merged) if mean else None
    for delta, weight in zip(deltas, weights, strict=True):
        agrees = torch.where(positive, delta > 0, delta < 0)
        if agreeing is not None:
            agreeing.add_(agrees, alpha=weight)
        merged += delta.mul_(agrees)
    if agreeing is not None:
        merged /= agreeing.masked_fill_(agreeing == 0, 1)
    return merged


def _weighted(delta: torch.Tensor, weight: float) -> torch.Tensor:
    return delta if weight == 1 else delta.mul_(weight)
