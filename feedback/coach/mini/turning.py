"""Whether turning a dial helps: the same messages and seeds, unsteered and steered, before the closed loop.

Both sides of a difference are the same draws of the same requests, so the interval is one for paired shares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.coach.corpus.heldout import Asked
from feedback.coach.mini.closed_loop import avoided, verdict
from feedback.coach.mini.evaluation import Judges, wanted_of
from feedback.coach.reply_prompt import RewordRequest
from feedback.evidence.published import published_study
from skills.tagger import TagInput

# The techniques by which a reply shows a behaviour; for warmth a reaction with feeling counts as well. No
# technique shows brevity or openness: of their replies none counts.
SHOWN_BY = {
    "warmth": frozenset({"affirm", "support"}),
    "autonomy": frozenset({"emphasize_autonomy"}),
    "reflection": frozenset({"reflection_simple", "reflection_complex"}),
}
REPORT = (0.5, 1.0, 0.0)  # how far the three wordings of a report's point turn its dial; a test holds it
Reword = Callable[[list[RewordRequest]], Sequence[str]]


@dataclass(frozen=True)
class Side:
    """One reply per message, and what was found in each."""

    replies: list[str]
    accepted: list[bool]
    shown: list[bool]  # whether the tagger sees the dial's behaviour in it


def paired(before: Sequence[bool], after: Sequence[bool]) -> dict[str, Any]:
    """Shares before and after, and their difference with a 95 % interval: Wald's with one added to each kind
    of change (Bonett and Price 2012). Raises ValueError for nothing, and for unequal lengths."""
    n = len(before)
    if not n:
        raise ValueError("nothing to compare")
    gained = sum(new and not old for old, new in zip(before, after, strict=True))
    lost = sum(old and not new for old, new in zip(before, after, strict=True))
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = 1.959964 * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return {
        "n": n,
        "before": round(sum(before) / n, 4),
        "after": round(sum(after) / n, 4),
        "gained": gained,
        "lost": lost,
        "difference": round((gained - lost) / n, 4),
        "ci": [round(up - down - half, 4), round(up - down + half, 4)],
    }


def compare(
    questions: Sequence[Asked], reword: Reword, judges: Judges, dial: str, turns: Sequence[float]
) -> dict[str, Any]:
    """{"first": {turn: {"accepted", "shown", "by_technique": {code: …}, "changed": share of other texts}},
    "of_three": accepted at any of a report's three wordings}, shares as `paired` gives them.
    """
    plain = _side(questions, reword, judges, dial, 0.0, 0)
    first = {}
    for turn in turns:
        moved = _side(questions, reword, judges, dial, turn, 0)
        first[f"{turn:g}"] = {
            "accepted": paired(plain.accepted, moved.accepted),
            "shown": paired(plain.shown, moved.shown),
            "changed": round(
                sum(a != b for a, b in zip(plain.replies, moved.replies, strict=True)) / len(questions), 4
            ),
            "by_technique": {
                code: paired(*(_of(code, questions, side.accepted) for side in (plain, moved)))
                for code in dict.fromkeys(question.technique for question in questions)
            },
        }
    tries = [
        [_side(questions, reword, judges, dial, turn, place).accepted for place, turn in enumerate(turned)]
        for turned in ((0.0,) * len(REPORT), REPORT)
    ]
    return {
        "first": first,
        "of_three": paired(*([any(row) for row in zip(*one, strict=True)] for one in tries)),
    }


def _side(
    questions: Sequence[Asked], reword: Reword, judges: Judges, dial: str, turn: float, place: int
) -> Side:
    """`place` of a report's wordings has its own seed, the same at each turn."""
    wishes = {dial: turn} if turn else {}
    replies = reword(
        [
            RewordRequest(q.seeker, q.volunteer, q.technique, "", 101 * at + place, wishes=wishes)
            for at, q in enumerate(questions)
        ]
    )
    avoid = avoided(published_study())
    accepted = [
        verdict(reply, wanted_of(q), judges.retag, avoid).accepted
        for q, reply in zip(questions, replies, strict=True)
    ]
    tags = judges.retag(
        [TagInput(text=reply or " ", previous=q.seeker) for q, reply in zip(questions, replies, strict=True)]
    )
    codes, felt = SHOWN_BY.get(dial, frozenset()), dial == "warmth"
    shown = [
        bool(codes.intersection(found.present))
        or (felt and int(found.empathy.get("emotional_reactions", 0)) > 0)
        for found in tags
    ]
    return Side(list(replies), accepted, shown)


def _of(code: str, questions: Sequence[Asked], values: Sequence[bool]) -> list[bool]:
    return [value for question, value in zip(questions, values, strict=True) if question.technique == code]
