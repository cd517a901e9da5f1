"""Task singular vectors: a matrix's leading singular directions per expert, made orthogonal between experts.

Gargiulo et al., arXiv 2412.00081 (TSV-Merge). The orthogonal factors come from an SVD, never from an eigen
decomposition of UᵀU: that one is off by up to .82 where experts are alike.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch


def equal_ranks(rank: int, experts: int) -> list[int]:
    """⌊r/T⌋ for each."""
    return [rank // experts] * experts


def merged_vectors(deltas: Iterable[torch.Tensor], ranks: list[int]) -> tuple[torch.Tensor, float]:
    """([m, n], the smallest singular value met in the bases): task vectors, one at a time, cut to their
    ranks.

    The bases U [m, Σk] and V [Σk, n] of all experts are replaced by their polar factors (U = PDQᵀ → PQᵀ). The
    smallest D, at most 1, says how alike the experts' directions are: 0 where two share one. Directions whose
    singular value is 0 to rounding, as beyond the rank of a LoRA expert, are left out: they are arbitrary and
    would disturb the others.
    """
    left, middle, right = [], [], []
    for delta, rank in zip(deltas, ranks, strict=True):
        u, s, v = torch.linalg.svd(delta, full_matrices=False)
        rank = min(rank, int((s > s[0] * torch.finfo(s.dtype).eps * max(delta.shape)).sum()))
        left.append(u[:, :rank].clone())
        middle.append(s[:rank])
        right.append(v[:rank].clone())
    if not any(len(one) for one in middle):
        return torch.zeros_like(u @ v), 1.0
    u, least_u = polar(torch.cat(left, dim=1))
    v, least_v = polar(torch.cat(right))
    return (u * torch.cat(middle)) @ v, min(least_u, least_v)


def polar(matrix: torch.Tensor) -> tuple[torch.Tensor, float]:
    """The nearest matrix with orthonormal columns (or rows, where it is wide), and the least singular
    value.
    """
    p, d, q = torch.linalg.svd(matrix, full_matrices=False)
    return p @ q, float(d.min())
