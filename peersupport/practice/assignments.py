"""Scenarios that trainers ask their cohorts to practise within some days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.people.models import Cohort, Membership, User
from peersupport.practice.models import Assignment, PracticeChat, Scenario

MOST_DAYS = 366
PAST = 50  # closed ones that a cohort's page still lists


def read_date(text: str, *, name: str) -> date:
    """Raises ValidationError, which names the field."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        words = _("%(name)s: give the date as year-month-day, such as 2027-03-01.")
        raise ValidationError(words % {"name": name}) from None


@transaction.atomic
def assign(
    cohort: Cohort,
    scenario: Scenario,
    *,
    by: User,
    begins: date,
    due: date,
    volunteer: User | None = None,
    note: str = "",
) -> Assignment:
    """Raises ValidationError with words for the trainer."""
    if due < begins:
        raise ValidationError(_("It is due before it begins."))
    if due < timezone.localdate() or (due - begins).days > MOST_DAYS:
        raise ValidationError(_("It is due in the past, or more than a year after it begins."))
    assignment = Assignment.objects.create(
        cohort=cohort,
        scenario=scenario,
        volunteer=volunteer,
        by=by,
        begins=begins,
        due=due,
        note=" ".join(note.replace("\0", "").split())[: Assignment.NOTE_MAX_CHARACTERS],
    )
    record(by, "assign", assignment)
    return assignment


@transaction.atomic
def close(assignment: Assignment, *, by: User | None) -> bool:
    """False where it was closed before."""
    won = Assignment.objects.filter(pk=assignment.pk, closed_at=None).update(closed_at=timezone.now())
    if won:
        record(by, "assignment_closed", assignment)
    return bool(won)


def close_of(slug: str, *, by: User | None) -> int:
    """Those of a scenario in any version, since it is offered no more. How many were open."""
    rows = Assignment.objects.filter(scenario__slug=slug, closed_at=None)
    return sum(close(row, by=by) for row in rows)


def follow_versions() -> None:
    """What is asked of a version that is offered no more moves to the one that is; closed where none is."""
    left = Assignment.objects.filter(closed_at=None, scenario__active=False)
    slugs = set(left.order_by().values_list("scenario__slug", flat=True))
    by_slug = {row.slug: row for row in Scenario.objects.filter(slug__in=slugs, active=True)}
    for slug in sorted(slugs):
        if slug in by_slug:
            left.filter(scenario__slug=slug).update(scenario=by_slug[slug])
        else:
            close_of(slug, by=None)


def of_cohort(cohort: Cohort, volunteers: Collection[User]) -> tuple[list[Assignment], list[Assignment]]:
    """(those that run, the first due first; those that are over or closed, the newest first: the last PAST
    of the closed ones, without those that asked somebody who is no volunteer there now).

    Each with `asked`, how many of its `volunteers` it asks, and `done`, how many of those have practised it,
    until it was closed, in chats that they share. 2 queries."""
    people, today = {person.pk for person in volunteers}, timezone.localdate()
    rows = Assignment.objects.filter(cohort=cohort)
    closed = rows.filter(Q(volunteer=None) | Q(volunteer__in=people), closed_at__isnull=False)
    closed = closed.order_by("-closed_at", "-pk").values("pk")[:PAST]
    found = list(rows.filter(Q(closed_at=None) | Q(pk__in=closed)).select_related("scenario", "volunteer"))
    chats = PracticeChat.objects.filter(
        volunteer__in=people,
        scenario__slug__in={row.scenario.slug for row in found},
        status=PracticeChat.Status.ENDED,
        shared=True,
    ).order_by()
    began = defaultdict(set)
    if found:
        for person, slug, at in chats.values_list("volunteer_id", "scenario__slug", "created_at"):
            began[slug].add((person, at))
    for row in found:
        asked = {row.volunteer_id} if row.volunteer_id else people
        done = {
            who
            for who, at in began[row.scenario.slug]
            if timezone.localdate(at) >= row.begins and (row.closed_at is None or at <= row.closed_at)
        }
        row.asked, row.done = len(asked), len(done & asked)
    running = [row for row in found if row.closed_at is None and row.due >= today]
    past = [row for row in found if row.closed_at is not None or row.due < today]
    return running, past[::-1]


def for_volunteer(user: User) -> list[Assignment]:
    """What the person is asked to practise now and has not yet, the first due first. 1 query."""
    today = timezone.localdate()
    cohorts = Membership.objects.current().filter(user=user).values("cohort")
    done = PracticeChat.objects.filter(
        volunteer=user,
        scenario__slug=OuterRef("scenario__slug"),  # in any version of it
        status=PracticeChat.Status.ENDED,
        created_at__date__gte=OuterRef("begins"),
    )
    asked = Q(volunteer=None) | Q(volunteer=user)
    rows = Assignment.objects.filter(asked, cohort__in=cohorts, closed_at=None, scenario__active=True)
    rows = rows.filter(~Exists(done), begins__lte=today, due__gte=today)
    return list(rows.select_related("scenario"))


def rows(user: User) -> Iterable[dict]:
    """For the file of the person's own data: what they alone were asked to practise, and what they asked."""
    found = Assignment.objects.filter(Q(volunteer=user) | Q(by=user)).order_by("id")
    names = ("scenario__title", "begins", "due", "note", "created_at", "closed_at")
    for row in found.values(*names, "by_id").iterator():
        yield {name: row[name] for name in names} | {"by_you": row["by_id"] == user.pk}
