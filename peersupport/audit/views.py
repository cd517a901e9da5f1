"""The audit log for admins: who did what to what, filtered; and whether its chain is whole."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from peersupport.audit import chain, check
from peersupport.audit.log import record
from peersupport.audit.models import AuditEvent
from peersupport.people.access import role_required
from peersupport.people.models import Membership, Role, User

SHOWN = 50
# A line gets its number a little before or after its time: clocks differ, and whoever writes may wait. No
# line is so much older than one of a lower number.
APART = timedelta(hours=1)
FILTERS = ("who", "verb", "kind", "object", "account", "since", "until")
# Offered while typing; any other can be asked for as well.
VERBS = (
    "read", "export", "export_full", "sign_in", "sign_in_failed", "sign_out", "erase", "retention_erased",
    "correct", "review", "review_undone", "dispute_answered", "note", "note_withdrawn", "assign",
    "assignment_closed", "mock_rated", "mock_withdrawn", "scenario_published", "scenario_taken_back",
    "scenario_deleted", "invite", "password_link", "password_set", "password_changed", "delete", "retry",
    "retag", "study_publish", "full_export_given", "full_export_ended", "second_factor_reset",
    "tagger_train", "tagger_switch", "tagger_undo",
    "organisation_set", "organisation_back", "dial_calibrate", "dial_cancel",
    "dial_switch", "dial_undo", "coach_merge", "coach_merge_cancel", "coach_switch", "coach_undo",
    "made_volunteer", "made_trainer", "made_admin", "cohort_made", "cohort_joined", "cohort_ended",
    "cohort_renamed", "cohort_deleted", "account_closed", "account_opened", "demo_load", "demo_remove",
)  # fmt: skip


@require_safe
@role_required(Role.ADMIN)
def events(request: HttpRequest) -> HttpResponse:
    """With htmx only how far the check of the chain is, or what it found: somebody may be typing a filter."""
    job = check.newest()
    if request.htmx and not request.htmx.boosted:
        return render(request, "audit/_checking.html", {"job": job})
    given = {name: request.GET.get(name, "").replace("\0", "").strip()[:150] for name in FILTERS}
    rows = list(_filtered(given, _number(request.GET.get("before", "")))[: SHOWN + 1])
    names = User.objects.in_bulk({row.actor_id for row in rows if row.actor_id})
    for row in rows:
        row.actor = names.get(row.actor_id)
    _name_memberships(rows)
    asked = {name: value for name, value in given.items() if value}
    older = urlencode({**asked, "before": rows[SHOWN - 1].pk}) if len(rows) > SHOWN else ""
    context = {
        "rows": rows[:SHOWN],
        "older": older,
        "given": given,
        "any": bool(asked) or "before" in request.GET,
        "unreadable": any(_account(given[name]) is None for name in ("who", "account")),
        "verbs": VERBS,
        "head": chain.head(),
        "unsealed": AuditEvent.objects.filter(position=None).count(),
        "job": job,
    }
    return render(request, "audit/events.html", context)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _account(text: str) -> int | str | None:
    """The number of an account behind a "#", or else a sign-in name; None where no number is behind it."""
    return _number(text[1:]) if text.startswith("#") else text


def _accounts(text: str) -> list[int]:
    found = _account(text)
    if isinstance(found, str):
        return list(User.objects.filter(username=found).values_list("pk", flat=True))
    return [] if found is None else [found]


def _name_memberships(rows: list[AuditEvent]) -> None:
    """Who in which cohort, where a line is about that: no page shows the number of it. 1 query, or none."""
    keys = [row.object_id for row in rows if row.object_kind == "membership"]
    if not keys:
        return
    found = Membership.objects.filter(pk__in=keys).select_related("user", "cohort")
    by_key = {str(membership.pk): membership for membership in found}
    for row in rows:
        if row.object_kind == "membership":
            row.membership = by_key.get(row.object_id)


def _day(text: str, clock: time) -> datetime | None:
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), clock))
    except (ValueError, OverflowError):
        return None


def _filtered(given: dict[str, str], before: int | None) -> QuerySet[AuditEvent]:
    """Newest first. A filter that nothing can fit gives nothing, one that is no day is passed over."""
    rows = AuditEvent.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    if given["who"]:
        rows = rows.filter(actor_id__in=_accounts(given["who"]))
    if given["account"]:
        accounts = _accounts(given["account"])
        joined = Membership.objects.filter(user__in=accounts).values_list("pk", flat=True)
        rows = rows.filter(
            Q(object_kind="user", object_id__in=list(map(str, accounts)))
            | Q(object_kind="membership", object_id__in=list(map(str, joined)))
        )
    for name, column in (("verb", "verb"), ("kind", "object_kind"), ("object", "object_id")):
        if given[name]:
            rows = rows.filter(**{column: given[name]})
    # Times have no index: lines are numbered as they come, so that a day is also a stretch of numbers.
    if since := _day(given["since"], time.min):
        rows = rows.filter(at__gte=since, id__gte=_reached(since, -APART))
    if until := _day(given["until"], time.max):
        rows = rows.filter(at__lte=until, id__lt=_reached(until, APART))
    return rows


def _reached(moment: datetime, apart: timedelta) -> int:
    """The number from which on lines are of `moment` moved by `apart`, or later; found by halving, each step
    a look at one line. One beyond the last where none is."""
    try:
        moment += apart
    except OverflowError:  # the first or last day that there is
        pass
    events = AuditEvent.objects.order_by("id")
    numbers = events.values_list("id", flat=True)
    high = (numbers.last() or 0) + 1
    low = numbers.first() or high
    while low < high:
        middle = (low + high) // 2
        found, at = events.filter(id__gte=middle).values_list("id", "at")[0]
        if at >= moment:
            high = middle
        else:
            low = found + 1
    return low


@require_POST
@role_required(Role.ADMIN)
def check_chain(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        record(request.user, "audit_check", check.start())
    return redirect("audit:events")
