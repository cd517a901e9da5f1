"""Which point the reports on a volunteer's latest chats raise most often. For trainers: where help is due."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedback.coach.compose import MAX_POINTS
from feedback.models import SessionReport
from feedback.reports.cohort import recent
from peersupport.people.models import User
from peersupport.practice.models import PracticeChat

OFTEN = 2  # chats that a point was raised in, below which it says nothing


@dataclass(frozen=True)
class Raised:
    """`title` was raised in `chats` of the `n` chats that have a report."""

    title: str
    chats: int
    n: int


def raised_most(volunteers: Sequence[User]) -> dict[Any, Raised]:
    """{volunteer: their point} over the practice chats that ended lately and that they share; who has none
    that came up OFTEN is left out. Of two as frequent it is the one that came up last. 1 query."""
    rows = SessionReport.objects.filter(
        status__in=(SessionReport.Status.READY, SessionReport.Status.PARTIAL),
        chat__volunteer__in=[person.pk for person in volunteers],
        chat__kind=PracticeChat.Kind.PRACTICE,
        chat__status=PracticeChat.Status.ENDED,
        chat__shared=True,
        chat__ended_at__gte=recent(),
    ).order_by("-chat__ended_at")
    # Titles alone: a whole report holds every message of its chat.
    titles = [f"body__points__{place}__title" for place in range(MAX_POINTS)]
    chats: Counter = Counter()
    points: dict[Any, Counter] = defaultdict(Counter)
    for volunteer, *found in rows.values_list("chat__volunteer_id", *titles):
        chats[volunteer] += 1
        points[volunteer].update(list(dict.fromkeys(title for title in found if title)))
    most = {volunteer: counted.most_common(1)[0] for volunteer, counted in points.items() if counted}
    return {
        volunteer: Raised(title, number, chats[volunteer])
        for volunteer, (title, number) in most.items()
        if number >= OFTEN
    }
