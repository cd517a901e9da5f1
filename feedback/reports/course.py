"""How the simulated seeker's state went over a chat: the values, what moved them, and four small charts.

Read from the state rows that the turns left. They are never replayed, so a tag that a trainer corrected
afterwards has moved the seeker all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.utils.text import Truncator

from peersupport import seeker
from peersupport.practice.models import Message, PracticeChat, SeekerStateRecord
from skills.taxonomy import EMPATHY, TECHNIQUES

# (name, what a seeker is better off with)
MEASURES = {"openness": +1, "trust": +1, "distress": -1, "resistance": -1}
SEEN = 0.01  # a smaller move is too small to see
NOTEWORTHY = 0.05  # a smaller sum of the four moves is not worth naming
MOST_NAMED = 3
WIDTH, HEIGHT = 240, 96
LEFT, RIGHT, TOP, BOTTOM = 18, 10, 8, 20


@dataclass(frozen=True)
class Reason:
    """Why the seeker moved; `name` is the tag behind it, "" where none is."""

    words: str
    name: str


@dataclass(frozen=True)
class Move:
    name: str
    value: float  # after the message, 0-1
    by: float

    @property
    def value_text(self) -> str:
        return f"{self.value:.2f}"

    @property
    def by_text(self) -> str:
        if abs(self.by) < 0.005:
            return "±0"
        return f"{self.by:+.2f}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Step:
    """One counselor message and what followed from it. `gain` > 0: the seeker is better off."""

    number: int
    message: Message
    moves: tuple[Move, ...]
    reasons: tuple[Reason, ...]

    @property
    def gain(self) -> float:
        return sum(MEASURES[move.name] * move.by for move in self.moves)

    @property
    def words(self) -> str:
        return Truncator(self.message.text).chars(90)

    @property
    def felt(self) -> list[Move]:
        """The moves large enough to see, the largest first."""
        seen = [move for move in self.moves if abs(move.by) >= SEEN]
        return sorted(seen, key=lambda move: -abs(move.by))


@dataclass(frozen=True)
class Chart:
    """One measure, 0 at the bottom and 1 at the top, as strings for SVG attributes."""

    name: str
    first: str
    last: str
    path: str
    dots: tuple[tuple[str, str, str], ...]  # x, y, words
    ticks: tuple[tuple[str, str], ...]  # x, label
    copied_width: str  # how far the messages were copied from another chat, "" for none


@dataclass(frozen=True)
class Course:
    steps: tuple[Step, ...]
    charts: tuple[Chart, ...]
    version: str
    named: tuple[Step, ...] = field(default=())

    @property
    def last_number(self) -> int:
        return self.steps[-1].number


def course_of(chat: PracticeChat) -> Course | None:
    """None while the chat goes on (a volunteer must not play to the numbers), and where nothing was read.
    A step bears the number of its message among all of the counselor's. 1 query."""
    if chat.is_open:
        return None
    own = Message.objects.filter(chat=chat, role=Message.Role.COUNSELOR).order_by()
    so_far = (
        own.filter(index__lte=OuterRef("message__index")).values("chat").annotate(n=Count("pk")).values("n")
    )
    rows = list(
        SeekerStateRecord.objects.filter(message__chat=chat)
        .select_related("message")
        .annotate(number=Subquery(so_far))
        .order_by("message__index")
    )
    if not rows or rows[0].message.is_counselor:
        return None
    # From what was said right before, the seeker's own lines included: a message whose turn was tried again
    # later has moved nothing that came after it.
    heard = [(before, row) for before, row in pairwise(rows) if row.message.is_counselor]
    steps = [_step(row.number, before, row) for before, row in heard]
    if not steps:
        return None
    named = sorted((step for step in steps if not step.message.copied), key=lambda step: -abs(step.gain))
    named = [step for step in named[:MOST_NAMED] if abs(step.gain) >= NOTEWORTHY]
    return Course(
        steps=tuple(steps),
        charts=tuple(_chart(name, getattr(rows[0], name), steps) for name in MEASURES),
        version=heard[-1][1].tagger_version,
        named=tuple(sorted(named, key=lambda step: step.number)),
    )


def steps_of(told: Mapping[Message, Sequence[Message]]) -> dict[Message, Step]:
    """What each counselor message moved, given what was said in its chat; without those whose turn failed.
    1 query."""
    every = [one for said in told.values() for one in said]
    rows = {row.message_id: row for row in SeekerStateRecord.objects.filter(message__in=every)}
    found = {}
    for message, said in told.items():
        if not (row := rows.get(message.pk)):
            continue
        row.message = message
        earlier = [rows[one.pk] for one in said if one.index < message.index and one.pk in rows]
        found[message] = _step(0, earlier[-1] if earlier else row, row)
    return found


def drew_back(chat: PracticeChat) -> set[Any]:
    """Ids of the counselor's messages after which the seeker was visibly less open. 1 query."""
    rows = SeekerStateRecord.objects.filter(message__chat=chat).order_by("message__index")
    found, before = set(), None
    for pk, role, openness in rows.values_list("message_id", "message__role", "openness"):
        if role == Message.Role.COUNSELOR and before is not None and openness - before <= -SEEN:
            found.add(pk)
        before = openness
    return found


def _step(number: int, before: SeekerStateRecord, row: SeekerStateRecord) -> Step:
    moves = tuple(
        Move(name, getattr(row, name), getattr(row, name) - getattr(before, name)) for name in MEASURES
    )
    return Step(number, row.message, moves, tuple(_reason(key) for key in row.reasons))


def _reason(key: str) -> Reason:
    source = seeker.REASON_SOURCES.get(key, "")
    entry = TECHNIQUES.get(source) or EMPATHY.get(source)
    return Reason(seeker.REASON_WORDS.get(key, key.replace("_", " ")), entry.name if entry else "")


def _chart(name: str, start: float, steps: Sequence[Step]) -> Chart:
    values = [start] + [next(move.value for move in step.moves if move.name == name) for step in steps]
    gap = (WIDTH - LEFT - RIGHT) / len(steps)
    xs = [LEFT + gap * number for number in range(len(values))]
    ys = [TOP + (1 - value) * (HEIGHT - TOP - BOTTOM) for value in values]
    places = [(f"{x:.1f}", f"{y:.1f}") for x, y in zip(xs, ys, strict=True)]
    copied = sum(step.message.copied for step in steps)
    every = 1 + len(steps) // 9  # as many numbers as there is room for
    return Chart(
        name=name,
        first=f"{values[0]:.2f}",
        last=f"{values[-1]:.2f}",
        path=" ".join(f"{x},{y}" for x, y in places),
        dots=tuple((*place, f"{value:.2f}") for place, value in zip(places, values, strict=True)),
        ticks=tuple((places[at][0], str(steps[at - 1].number)) for at in range(every, len(values), every)),
        copied_width=f"{gap * copied:.1f}" if copied else "",
    )
