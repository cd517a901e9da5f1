"""Figures of a cohort: who practised, who waits for feedback, what grows between first and newest.

Only chats that their volunteers share count. A figure over fewer than LEAST volunteers is not given: it
would be about persons, not about a cohort. What counts is who is behind the figure, not who is in the cohort:
of many members one alone may have practised.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Count,
    DateTimeField,
    Exists,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from feedback.intervals import mean_interval
from feedback.models import MockRating, TrainerNote
from feedback.reports.counted import own_counselling
from feedback.signoff.ratings import open_to, signed_off
from peersupport.people.models import Cohort, Membership, Role, User
from peersupport.practice.models import PracticeChat
from skills.models import Correction, Review
from skills.present import present_rows
from skills.taxonomy import CODES, MI_ADHERENT, MI_NON_ADHERENT, QUESTIONS, REFLECTIONS, TECHNIQUES

LEAST = 5  # volunteers
RECENT_DAYS = 28
LEAST_MESSAGES = 4  # of each of the two chats
GROUPS = {
    "reflections": frozenset(REFLECTIONS),
    "questions": frozenset(QUESTIONS),
    "adherent": frozenset(MI_ADHERENT),
    "non_adherent": frozenset(MI_NON_ADHERENT),
}


@dataclass(frozen=True)
class Totals:
    """`practised` and the rest count volunteers and chats of the last RECENT_DAYS; None: too few volunteers
    to say."""

    volunteers: int
    practised: int | None
    chats: int | None
    messages: int | None
    signed: int | None  # ever, not only lately
    waiting: int


@dataclass(frozen=True)
class Growth:
    """Mean share of a volunteer's messages with a technique in the first and in the newest chat with the
    scenario that is the same for everybody; `gap` with its 95 % interval in points of a hundred, None where
    everybody's gap is the same."""

    name: str
    before: float
    after: float
    gap: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Grown:
    """`n`: volunteers with two such chats. Nothing is in `groups` and `techniques` below LEAST."""

    n: int
    groups: dict[str, Growth] = field(default_factory=dict)
    techniques: list[Growth] = field(default_factory=list)


def recent() -> datetime:
    return timezone.now() - timedelta(days=RECENT_DAYS)


def without_feedback(chats: QuerySet[PracticeChat]) -> QuerySet[PracticeChat]:
    """Ended lately, and no trainer has written a note, rated it or looked at a message."""
    chat = OuterRef("pk")
    return chats.filter(
        ~Exists(TrainerNote.objects.filter(chat=chat)),
        ~Exists(MockRating.objects.filter(chat=chat)),
        ~Exists(Review.objects.filter(message__chat=chat)),
        ~Exists(Correction.objects.filter(message__chat=chat)),
        status=PracticeChat.Status.ENDED,
        shared=True,
        ended_at__gte=recent(),
    )


def members(cohort: Cohort) -> QuerySet[User]:
    current = Membership.objects.current().filter(cohort=cohort)
    return User.objects.filter(role=Role.VOLUNTEER, is_active=True, memberships__in=current).distinct()


def volunteers(cohort: Cohort, viewer: User | None = None) -> list[User]:
    """The cohort's volunteers with what they did: chats, recent_chats, messages, last, waiting, waits_since;
    signed_at and signed_chat of their newest signed-off mock chat, decided_chat and rated_chat, the newest
    that was rated. A trainer as `viewer` is told what was decided of chats that they have rated themselves,
    and of others that they were rated. 1 query."""
    shared = PracticeChat.objects.filter(volunteer=OuterRef("pk"), shared=True).order_by()
    ended = shared.filter(status=PracticeChat.Status.ENDED)
    said = own_counselling().filter(
        chat__volunteer=OuterRef("pk"), chat__shared=True, chat__ended_at__gte=recent()
    )
    waiting = without_feedback(shared)
    of_theirs = {"chat__volunteer": OuterRef("pk"), "chat__shared": True}
    told = open_to(viewer) if viewer else Q()
    signed = signed_off().filter(told, **of_theirs).order_by("-id")
    rated = MockRating.objects.filter(**of_theirs, withdrawn_at=None).order_by("-id")

    def number(rows: QuerySet, group: str = "volunteer") -> Coalesce:
        counted = rows.values(group).annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(counted, output_field=IntegerField()), 0)

    def moment(rows: QuerySet, what: Any) -> Subquery:
        return Subquery(rows.values("volunteer").annotate(at=what).values("at"), output_field=DateTimeField())

    rows = members(cohort).annotate(
        ended=number(ended),
        recent_chats=number(ended.filter(ended_at__gte=recent())),
        messages=number(said, "chat__volunteer"),
        last=moment(ended, Max("created_at")),
        waiting=number(waiting),
        waits_since=moment(waiting, Min("ended_at")),
        signed_at=Subquery(signed.values("created_at")[:1]),
        signed_chat=Subquery(signed.values("chat_id")[:1], output_field=UUIDField()),
        decided_chat=Subquery(rated.filter(told).values("chat_id")[:1], output_field=UUIDField()),
        rated_chat=Subquery(rated.values("chat_id")[:1], output_field=UUIDField()),
    )
    return list(rows.order_by("first_name", "username"))


def totals(found: Sequence[User], *, named: bool = False) -> Totals:
    """`named`: for who sees each of them by name below, so that nothing is hidden by leaving figures out."""
    practised = sum(bool(person.recent_chats) for person in found)
    writing = sum(bool(person.messages) for person in found)
    signed = sum(person.signed_at is not None for person in found)

    def people(number: int) -> int | None:
        # Nobody and everybody say it of each: the same as naming them where they are few.
        return number if named or (len(found) >= LEAST and not _few(number)) else None

    return Totals(
        volunteers=len(found),
        practised=people(practised),
        chats=sum(person.recent_chats for person in found) if named or practised >= LEAST else None,
        messages=sum(person.messages for person in found) if named or writing >= LEAST else None,
        signed=people(signed),
        waiting=sum(person.waiting for person in found),
    )


def _few(people: int) -> bool:
    return 0 < people < LEAST


def grown(cohort: Cohort) -> Grown:
    """First against newest chat with the same fixed scenario, per volunteer. 3 queries."""
    counted = own_counselling().filter(
        chat__volunteer__in=members(cohort),
        chat__scenario__baseline=True,
        chat__shared=True,
        chat__status=PracticeChat.Status.ENDED,
        chat__is_try=False,
    )
    chats: dict[tuple, list[frozenset[str]]] = defaultdict(list)
    fields = ("chat__volunteer_id", "chat__scenario__slug", "chat__created_at", "chat_id")
    for codes, of_chat in present_rows(counted, *fields):
        chats[of_chat].append(codes)
    by_person: dict[Any, list[list[frozenset[str]]]] = defaultdict(list)
    slugs: dict[Any, str] = {}
    for volunteer, slug, began, chat in sorted(chats, key=lambda key: (key[2], str(key[3]))):
        said = chats[volunteer, slug, began, chat]
        if len(said) >= LEAST_MESSAGES and slugs.setdefault(volunteer, slug) == slug:
            by_person[volunteer].append(said)
    pairs = [(said[0], said[-1]) for said in by_person.values() if len(said) > 1]
    if len(pairs) < LEAST:
        return Grown(len(pairs))
    groups = {key: _growth(key, codes, pairs) for key, codes in GROUPS.items()}
    seen = Counter(code for both in pairs for said in both for codes in said for code in codes)
    rows = [_growth(TECHNIQUES[code].name, frozenset([code]), pairs) for code in CODES if seen[code] >= LEAST]
    return Grown(len(pairs), groups, sorted(rows, key=lambda row: -row.gap))


def _growth(name: str, codes: frozenset[str], pairs: Sequence[tuple[list, list]]) -> Growth:
    def share(said: Sequence[frozenset[str]]) -> float:
        return 100 * sum(bool(codes & one) for one in said) / len(said)

    shares = [(share(first), share(newest)) for first, newest in pairs]
    gaps = [after - before for before, after in shares]
    low, high = mean_interval(gaps) or (None, None)
    if low is not None and high is not None:  # no share changes by more than all
        low, high = max(-100.0, low), min(100.0, high)
    before, after = (_mean([pair[place] for pair in shares]) for place in (0, 1))
    return Growth(name, before, after, _mean(gaps), low, high, len(pairs))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def cohort_rows(cohorts: QuerySet[Cohort]) -> list[Cohort]:
    """Each cohort with `people`, `practised`, and whether that `says` enough to be shown to whoever sees no
    names, as in `totals`. 1 query."""
    current = Membership.objects.current().filter(
        cohort=OuterRef("pk"), user__role=Role.VOLUNTEER, user__is_active=True
    )
    active = PracticeChat.objects.filter(volunteer=OuterRef("user"), shared=True, ended_at__gte=recent())
    number = current.order_by().values("cohort").annotate(n=Count("user", distinct=True)).values("n")
    busy = current.filter(Exists(active)).order_by().values("cohort").annotate(n=Count("user", distinct=True))
    rows = cohorts.annotate(
        people=Coalesce(Subquery(number, output_field=IntegerField()), 0),
        practised=Coalesce(Subquery(busy.values("n"), output_field=IntegerField()), 0),
    )
    found = list(rows.order_by("name"))
    for row in found:
        row.says = row.people >= LEAST and not _few(row.practised)
    return found
