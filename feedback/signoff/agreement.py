"""How near two trainers come who rated the same mock chats without seeing each other's ratings.

Counted is each chat with two standing ratings (the first two). Shares carry Wilson's interval; they do not
take chance into account, and the page says so. Below LEAST chats there is no figure.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from feedback.intervals import wilson
from feedback.models import MockRating
from feedback.signoff.scales import SCALES

LEAST = 5  # chats


@dataclass(frozen=True)
class Share:
    count: int
    n: int

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.count, self.n)


@dataclass(frozen=True)
class Row:
    """`same` step, and at most one step apart."""

    name: Any
    same: Share
    near: Share


@dataclass(frozen=True)
class Agreement:
    """`rows` and `decisions` are empty and None below LEAST chats."""

    n: int
    rows: list[Row]
    decisions: Share | None


def agreement(ratings: list[MockRating]) -> Agreement:
    """`ratings`: standing ones of any chats, oldest first."""
    by_chat: dict[Any, list[MockRating]] = defaultdict(list)
    for row in ratings:
        by_chat[row.chat_id].append(row)
    pairs = [(found[0], found[1]) for found in by_chat.values() if len(found) > 1]
    n = len(pairs)
    if n < LEAST:
        return Agreement(n, [], None)
    rows = []
    for scale in SCALES:
        gaps = [abs(getattr(first, scale.key) - getattr(second, scale.key)) for first, second in pairs]
        same, near = sum(gap == 0 for gap in gaps), sum(gap <= 1 for gap in gaps)
        rows.append(Row(scale.name, Share(same, n), Share(near, n)))
    return Agreement(n, rows, Share(sum(first.decision == second.decision for first, second in pairs), n))
