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
    merged = deltas[0].clone()
    for delta in deltas[1:]:
        merged += delta
    sign = (merged >= 0).to(merged.dtype).mul_(2).sub_(1)
    agreeing = torch.zeros_like(merged) if mean else None
    merged.zero_()
    for delta, weight in zip(deltas, weights, strict=True):
        merged += delta.mul_(sign).clamp_(min=0)  # what agrees is positive now
        if agreeing is not None:
            agreeing.add_(delta.sign_(), alpha=weight)
    if agreeing is not None:
        merged /= agreeing.add_(agreeing == 0)
    return merged.mul_(sign)


def _weighted(delta: torch.Tensor, weight: float) -> torch.Tensor:
    return delta if weight == 1 else delta.mul_(weight)
