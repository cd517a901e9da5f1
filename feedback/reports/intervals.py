"""Intervals of figures over several chats: a bootstrap over chats for ratios, Newcombe's for differences.

Shares carry Wilson's interval (`feedback.reports.ratios.wilson`). It takes messages as independent, which
those of one chat are not quite: the pages say so.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from feedback.reports.ratios import wilson

DRAWS = 999
LEAST_CHATS = 5  # a bootstrap over fewer than five chats says more about those chats than about a habit


def ratio_interval(pairs: Sequence[tuple[int, int]], *, seed: int = 1) -> tuple[float, float] | None:
    """95 % percentile interval of sum(first) / sum(second), by drawing whole chats with replacement
    (cluster bootstrap, 999 draws). The upper end is infinite where draws without a second kind reach that
    far. None for fewer than LEAST_CHATS chats that have either. The same pairs give the same interval.
    """
    chats = [pair for pair in pairs if pair[0] or pair[1]]
    if len(chats) < LEAST_CHATS or not sum(second for _, second in chats):
        return None
    dice, values = random.Random(seed), []
    for _ in range(DRAWS):
        drawn = dice.choices(chats, k=len(chats))
        above, below = sum(first for first, _ in drawn), sum(second for _, second in drawn)
        values.append(above / below if below else math.inf)
    values.sort()
    low, high = round(0.025 * (DRAWS + 1)), round(0.975 * (DRAWS + 1))
    return values[low - 1], values[high - 1]


def difference(before: tuple[int, int], after: tuple[int, int]) -> tuple[float, float, float] | None:
    """(share after - share before, low, high): Newcombe's hybrid score interval, 95 % (Newcombe 1998,
    method 10). Each argument is (count, n); None where an n is 0."""
    first, second = wilson(*before), wilson(*after)
    if first is None or second is None:
        return None
    p1, p2 = before[0] / before[1], after[0] / after[1]
    gap = p2 - p1
    low = gap - math.hypot(p2 - second[0], first[1] - p1)
    high = gap + math.hypot(second[1] - p2, p1 - first[0])
    return gap, max(-1.0, low), min(1.0, high)
