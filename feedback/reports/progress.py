"""A volunteer's own figures over their chats: totals, the way they went, before and after.

Figures are those of one chat's report (`feedback.reports.ratios`), added up. Nobody is compared with
anybody else, and no mark is given: MITI's marks are for one recorded session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback.coach.turns import Turn
from feedback.intervals import LEAST_CHATS, difference, ratio_interval, wilson
from feedback.reports.counted import counted_messages
from feedback.reports.ratios import MIN_MESSAGES, MIN_REFLECTIONS, Counts, count
from peersupport.people.models import User
from peersupport.practice.models import PracticeChat
from skills.present import present_codes
from skills.taxonomy import CODES, MI_ADHERENT, MI_NON_ADHERENT, TECHNIQUES

LATELY = 5  # chats that the technique mix shows apart, as "lately"


@dataclass(frozen=True)
class Present:
    """As much of a tagging as counting needs."""

    present: frozenset[str]


@dataclass(frozen=True)
class Session:
    """One ended chat. `with_adherent` and `with_non_adherent` are messages that hold at least one such
    technique, where `counts` adds up the techniques."""

    chat_id: Any
    title: str
    scenario: str
    baseline: bool
    at: datetime
    counts: Counts
    with_adherent: int
    with_non_adherent: int


def session_of(chat: PracticeChat, codes: Sequence[frozenset[str]]) -> Session:
    """`codes` are the techniques of each counted message of the chat."""
    turns = [Turn(i, "counselor", "", tags=Present(present)) for i, present in enumerate(codes)]
    return Session(
        chat_id=chat.pk,
        title=chat.scenario.title,
        scenario=chat.scenario.slug,
        baseline=chat.scenario.baseline,
        at=chat.ended_at or chat.created_at,
        counts=count(turns),
        with_adherent=sum(bool(present & MI_ADHERENT) for present in codes),
        with_non_adherent=sum(bool(present & MI_NON_ADHERENT) for present in codes),
    )


def sessions(user: User) -> list[Session]:
    """The person's chats with counted and tagged messages, oldest first. 5 queries, however many chats."""
    counted = counted_messages(user)
    present = present_codes(counted)
    by_chat: dict[Any, list[frozenset[str]]] = {}
    for pk, chat_id in counted.order_by("chat", "index").values_list("pk", "chat_id"):
        if pk in present:
            by_chat.setdefault(chat_id, []).append(present[pk])
    chats = PracticeChat.objects.filter(volunteer=user, status=PracticeChat.Status.ENDED)
    rows = chats.select_related("scenario").order_by("created_at")
    return [session_of(chat, by_chat[chat.pk]) for chat in rows if chat.pk in by_chat]


def _sum(found: Sequence[Session], name: str) -> int:
    return sum(getattr(session.counts, name) for session in found)


def _share(counted: int, n: int, least: int) -> dict[str, Any]:
    """{"count", "n", "percent"|None, "low"|None, "high"|None (percent), "enough"}."""
    interval = wilson(counted, n)
    low, high = (100 * end for end in interval) if interval else (None, None)
    percent = 100 * counted / n if n else None
    return {"count": counted, "n": n, "percent": percent, "low": low, "high": high, "enough": n >= least}


def totals(found: Sequence[Session]) -> dict[str, Any]:
    """Figures over all chats.

    {"chats", "messages", "complex" and "open": as `_share`,
     "ratio": {"reflections", "questions", "value"|None, "enough", "low"|None, "high"|None, "chats",
               "least_chats"},
     "adherent" and "non_adherent": {"count", "per_code": [(name, count)]}}
    """
    reflections, questions = _sum(found, "reflections"), _sum(found, "questions")
    pairs = [(s.counts.reflections, s.counts.questions) for s in found]
    interval = ratio_interval(pairs)
    by_code = _by_code(found)

    def kinds(codes: frozenset[str]) -> dict[str, Any]:
        per_code = [
            (TECHNIQUES[code].name, by_code[code]) for code in CODES if code in codes & by_code.keys()
        ]
        return {"count": sum(n for _, n in per_code), "per_code": per_code}

    return {
        "chats": len(found),
        "messages": _sum(found, "messages"),
        "ratio": {
            "reflections": reflections,
            "questions": questions,
            "value": reflections / questions if questions else None,
            "enough": _sum(found, "messages") >= MIN_MESSAGES,
            "low": interval[0] if interval else None,
            "high": interval[1] if interval else None,
            "chats": sum(any(pair) for pair in pairs),
            "least_chats": LEAST_CHATS,
        },
        "complex": _share(_sum(found, "complex_reflections"), reflections, MIN_REFLECTIONS),
        "open": _share(_sum(found, "open_questions"), questions, MIN_REFLECTIONS),
        "adherent": kinds(MI_ADHERENT),
        "non_adherent": kinds(MI_NON_ADHERENT),
    }


def _by_code(found: Sequence[Session]) -> Counter[str]:
    total: Counter[str] = Counter()
    for session in found:
        total.update(session.counts.by_code)
    return total


def mix(found: Sequence[Session]) -> dict[str, Any]:
    """{"n", "rows": [{"code", "name", "count", "n", "share", "ci", "lately"}], "lately_n", "lately_chats"},
    most frequent first; "lately" counts the newest LATELY chats and is None while there are no others."""
    n, by_code = _sum(found, "messages"), _by_code(found)
    newest = found[-LATELY:] if len(found) > LATELY else []
    lately = _by_code(newest)
    return {
        "n": n,
        "lately_n": _sum(newest, "messages"),
        "lately_chats": len(newest),
        "rows": [
            {"code": code, "name": TECHNIQUES[code].name, "count": times, "n": n, "share": times / n,
             "ci": wilson(times, n), "lately": lately[code] if newest else None}
            for code, times in sorted(by_code.items(), key=lambda item: (-item[1], CODES.index(item[0])))
        ],
    }  # fmt: skip


# (key, how many of the messages, of how many, the least that is enough)
COMPARED = (
    ("reflections", lambda s: (s.counts.reflections, s.counts.messages), MIN_MESSAGES),
    ("complex", lambda s: (s.counts.complex_reflections, s.counts.reflections), MIN_REFLECTIONS),
    ("questions", lambda s: (s.counts.questions, s.counts.messages), MIN_MESSAGES),
    ("open", lambda s: (s.counts.open_questions, s.counts.questions), MIN_REFLECTIONS),
    ("adherent", lambda s: (s.with_adherent, s.counts.messages), MIN_MESSAGES),
    ("non_adherent", lambda s: (s.with_non_adherent, s.counts.messages), MIN_MESSAGES),
)


def before_after(found: Sequence[Session]) -> dict[str, Any] | None:
    """The first and the newest chat with a scenario that is the same for everybody; None before there is one.

    {"before": Session, "after": Session|None, "rows": [{"key", "before": (count, n), "after": (count, n),
     "enough", "gap", "low", "high" (percentage points)}]}
    """
    fixed = [session for session in found if session.baseline]
    if not fixed:
        return None
    first = fixed[0]
    same = [session for session in fixed if session.scenario == first.scenario]
    if len(same) < 2:
        return {"before": first, "after": None, "rows": []}
    last, rows = same[-1], []
    for key, figure, least in COMPARED:
        one, two = figure(first), figure(last)
        gap = difference(one, two)
        row = {"key": key, "before": one, "after": two, "enough": min(one[1], two[1]) >= least and bool(gap)}
        if gap:
            row |= {name: 100 * value for name, value in zip(("gap", "low", "high"), gap, strict=True)}
        rows.append(row)
    return {"before": first, "after": last, "rows": rows}
