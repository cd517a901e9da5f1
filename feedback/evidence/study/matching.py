"""1:1 nearest-neighbour matching on the logit of the propensity score, without replacement, in a caliper.

As MatchIt 4.5.1's matchit(method = "nearest", distance = "glm", link = "linear.logit", caliper = 0.2): those
with a chat choose in the order of their score, largest first; the caliper is in standard deviations of the
score over everybody. Controls are kept sorted, and a forest of "next one still free" in both directions
makes each choice nearly constant in time, so that all takes O(n log n).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feedback.evidence.study.problems import StudyError


def match(score: NDArray, treated: NDArray, *, caliper: float) -> NDArray[np.int64]:
    """Pairs [m, 2] of (treated, control) indexes. Raises StudyError where no pair is within the caliper."""
    treated = treated.astype(bool)
    width = caliper * float(np.std(score, ddof=1))
    controls = np.flatnonzero(~treated)
    controls = controls[np.argsort(score[controls], kind="stable")]
    takers = np.flatnonzero(treated)
    takers = takers[np.argsort(-score[takers], kind="stable")]
    sorted_scores = score[controls]
    places = np.searchsorted(sorted_scores, score[takers], side="left")
    pairs = _choose(score[takers].tolist(), places.tolist(), sorted_scores.tolist(), width)
    if not pairs:
        raise StudyError(
            f"nobody without a chat is within the caliper ({caliper:g} SD of the score) of anybody with one: "
            "the two groups do not overlap, and no honest comparison is possible."
        )
    found = np.array(pairs, dtype=np.int64)
    return np.column_stack([takers[found[:, 0]], controls[found[:, 1]]])


def _choose(wanted: list, places: list, free: list, width: float) -> list[tuple[int, int]]:
    """(taker, place of its control) in the order of choosing. Plain lists: this loop is all single steps."""
    n = len(free)
    right = list(range(n + 1))  # the first free place at or after this one; n: none
    left = list(range(n + 1))  # shifted by one: the last free place at or before it, plus one; 0: none

    def find(forest: list, at: int) -> int:
        root = at
        while forest[root] != root:
            root = forest[root]
        while forest[at] != root:
            forest[at], at = root, forest[at]
        return root

    pairs = []
    for taker, (score, place) in enumerate(zip(wanted, places, strict=True)):
        after, before = find(right, place), find(left, place) - 1
        above = free[after] - score if after < n else np.inf
        below = score - free[before] if before >= 0 else np.inf
        chosen, distance = (before, below) if below <= above else (after, above)
        if distance <= width:
            pairs.append((taker, chosen))
            right[chosen] = chosen + 1
            left[chosen + 1] = chosen
    return pairs


def standardised_bias(values: NDArray, treated: NDArray, pairs: NDArray | None, spread: float) -> float:
    """Difference of means in percent of `spread`, over everybody or over the pairs (Rosenbaum 1985)."""
    if spread == 0:
        return 0.0
    if pairs is None:
        gap = values[treated].mean() - values[~treated].mean()
    else:
        gap = values[pairs[:, 0]].mean() - values[pairs[:, 1]].mean()
    return float(100 * gap / spread)


def pooled_spread(values: NDArray, treated: NDArray) -> float:
    """Square root of the mean of both groups' variances, before matching."""
    return float(np.sqrt((values[treated].var(ddof=1) + values[~treated].var(ddof=1)) / 2))
