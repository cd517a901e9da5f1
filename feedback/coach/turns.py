"""One line of a chat as the report sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class Tags(Protocol):
    """The part of the tagger's TagResult that feedback reads."""

    probabilities: Mapping[str, float]
    present: Sequence[str]
    empathy: Mapping[str, int]
    spans: Mapping[str, tuple[int, int]]
    notice: str
    unsure: Sequence[str]


@dataclass(frozen=True)
class Turn:
    """`role` is "counselor" or "seeker"; `tags` is None for seekers and where tagging failed.

    `confirmed` and `rejected` are codes that a trainer decided on; they weigh as certain.
    An `earlier` turn was said in another chat: it is read as context, and reported on there. `drew_back`: the
    simulated seeker was worse off after it.
    """

    index: int
    role: str
    text: str
    tags: Tags | None = None
    risk_level: str = "none"
    message_id: str = ""
    confirmed: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    earlier: bool = False
    drew_back: bool = False

    @property
    def by_counselor(self) -> bool:
        return self.role == "counselor"

    def has(self, *codes: str) -> bool:
        """Whether the tagger found any of the codes."""
        return self.tags is not None and any(code in self.tags.present for code in codes)

    def unsure(self, code: str) -> bool:
        """Whether the tag is shown as "perhaps"."""
        return self.tags is not None and code not in self.confirmed and code in self.tags.unsure

    def probability(self, code: str) -> float:
        if self.tags is None or code in self.rejected:
            return 0.0
        return 1.0 if code in self.confirmed else float(self.tags.probabilities.get(code, 0.0))

    @property
    def probabilities(self) -> dict[str, float]:
        """All codes' probabilities, with a trainer's decisions as 0 and 1."""
        return {code: self.probability(code) for code in self.tags.probabilities} if self.tags else {}

    def empathy(self, head: str) -> int:
        return int(self.tags.empathy.get(head, 0)) if self.tags is not None else 0


def counselor_turns(turns: Iterable[Turn]) -> list[Turn]:
    """Those of the counselor that carry tags. What may be about themselves is no counselling: nothing is
    counted, praised or reworded there."""
    return [
        turn for turn in turns if turn.by_counselor and turn.tags is not None and turn.risk_level == "none"
    ]


def seeker_before(turns: Sequence[Turn], turn: Turn) -> Turn | None:
    """The newest seeker turn before `turn`."""
    return next((t for t in reversed(turns) if t.index < turn.index and t.role == "seeker"), None)
