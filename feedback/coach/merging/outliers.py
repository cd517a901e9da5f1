"""The two steps that `rtsvm` takes before `tsvm`: outliers weighted down, ranks shared out by density.

**Our formulation** of the two ideas named in the abstract of Yang et al., arXiv 2502.06876 ("outlier
weighting" and "sparsity-adaptive rank"). It is not the authors' method: their formulas could not be read.
With no outlier weighting and experts of equal density it is `tsvm` exactly.
"""

from __future__ import annotations

from fractions import Fraction
from statistics import median

import torch

from feedback.coach.merging.recipe import Parameters
from feedback.coach.merging.selection import row_median
from feedback.coach.merging.stacks import Stack

MAD_TO_SD = 1.4826  # of a normal distribution
EPSILON = 1e-12


def weigh(delta: torch.Tensor, settings: Parameters) -> torch.Tensor:
    """Our formulation of outlier weighting: with z = abs(τ)/(1.4826·MAD + ε) in each row of [rows, width],
    entries beyond the cutoff c are pulled in to it (`damp`, τ·c/z) or pushed out (`amplify`, τ·z/c).

    MAD: the row's median absolute deviation from its median. A row whose MAD is 0, as where most entries of a
    bfloat16 expert did not move, has no scale to judge by and is left alone. Changes `delta`.
    """
    if settings["outliers"] == "off" or settings["cutoff"] == float("inf"):
        return delta
    spread = row_median((delta - row_median(delta)).abs_())
    limit = settings["cutoff"] * (MAD_TO_SD * spread + EPSILON)
    beyond = (delta.abs() / limit).clamp_(min=1)  # 1/ω
    beyond.masked_fill_(spread == 0, 1)
    return delta.div_(beyond) if settings["outliers"] == "damp" else delta.mul_(beyond)


def dense_counts(stack: Stack, settings: Parameters) -> list[int]:
    """By expert, how many entries of a matrix are at least its root mean square, after the outlier weighting:
    our formulation of a task vector's density. 0 for one that does not change the matrix."""
    squares = [0.0] * stack.count
    for piece in stack.pieces():
        for place in range(stack.count):
            squares[place] += float(weigh(piece.delta(place), settings).square_().sum(dtype=torch.float64))
    levels = [(total / stack.size) ** 0.5 for total in squares]
    counts = [0] * stack.count
    for piece in stack.pieces():
        for place, level in enumerate(levels):
            if level > 0:
                counts[place] += int((weigh(piece.delta(place), settings).abs_() >= level).sum())
    return counts


def layer_shares(counts: dict[str, list[int]], sizes: dict[str, int]) -> dict[str, Fraction]:
    """ρ by matrix: min(1, its density / the median density). Our formulation of sparsity-adaptive rank."""
    density = {name: Fraction(sum(each), len(each) * sizes[name]) for name, each in counts.items()}
    middle = Fraction(median(density.values()))
    return {name: min(Fraction(1), one / middle) if middle else Fraction(1) for name, one in density.items()}


def shared_ranks(rank: int, counts: list[int], share: Fraction) -> list[int]:
    """Our formulation of sparsity-adaptive rank: ⌊ρ·r·g_i/Σg⌋ for expert i, at least 1, together at most r.

    In whole numbers: with equal counts and ρ = 1 exactly ⌊r/T⌋ each. `rank` >= T.
    """
    if not sum(counts):
        counts = [1] * len(counts)
    ranks = [max(1, int(share * rank * Fraction(count, sum(counts)))) for count in counts]
    while sum(ranks) > rank:
        ranks[ranks.index(max(ranks))] -= 1
    return ranks
