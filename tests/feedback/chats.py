"""Hand-made chats for the tests of feedback: no tagger and no database needed."""

from __future__ import annotations

from dataclasses import dataclass, field

from feedback.coach.turns import Turn
from skills.taxonomy import CODES, EMPATHY


@dataclass(frozen=True)
class FakeTags:
    probabilities: dict[str, float]
    present: list[str]
    empathy: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EMPATHY, 0))
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    notice: str = ""
    unsure: list[str] = field(default_factory=list)


def tags(text: str, *codes: str, empathy: dict[str, int] | None = None, **probabilities: float) -> FakeTags:
    known = {code: 0.9 if code in codes else 0.02 for code in CODES} | probabilities
    levels = dict.fromkeys(EMPATHY, 0) | (empathy or {})
    return FakeTags(known, list(codes), levels, {code: (0, len(text)) for code in codes})


def counselor(index: int, text: str, *codes: str, **options) -> Turn:
    result = tags(text, *codes, **options)
    return Turn(index=index, role="counselor", text=text, tags=result, message_id=f"m{index}")


def seeker(index: int, text: str, risk: str = "none") -> Turn:
    return Turn(index=index, role="seeker", text=text, risk_level=risk, message_id=f"m{index}")
