"""Asking for another wording of a suggested reply, and how its reader last turned the dials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feedback.dials import serving
from feedback.models import OtherWording, ReaderDials, SessionReport
from feedback.reports import suggestions
from feedback.reports.another import WARMTH, point_at
from peersupport.jobs import queue
from peersupport.people.models import User
from peersupport.practice.models import PracticeChat

WORDING = "other_wording"
WARMTHS = (_("as it comes"), _("a little warmer"), _("warmer"), _("as warm as the dial goes"))
STEPS = len(WARMTHS) - 1  # even ones, of the way to the end stop
SEEN = 12  # wordings that are remembered, so as not to come again


@dataclass(frozen=True)
class Reader:
    """What the form shows: `warmth` is a step from 0 to STEPS, `end` the dial's end stop, 0 where there is
    none that can be turned; `model` whether a language model words anything."""

    warmth: int
    brief: bool
    end: float
    model: bool


def reader(person: User) -> Reader:
    """At most 4 queries; 1 without a language model."""
    last = ReaderDials.objects.filter(person=person).first() or ReaderDials()
    now = serving.model()
    held = serving.dials(now).get(WARMTH)
    return Reader(round(last.warmth * STEPS), last.brief, held.end if held else 0.0, now is not None)


@transaction.atomic
def ask(chat: PracticeChat, index: int, *, warmth: int, brief: bool) -> OtherWording | None:
    """The wording that is being made; asked for twice meanwhile, it is made once. None where the report
    suggests nothing at that message. `warmth` is a step from 0 to STEPS."""
    # The chat before its report, as a worker that writes one locks them.
    if PracticeChat.objects.select_for_update().filter(pk=chat.pk).first() is None:
        return None
    report = SessionReport.objects.select_for_update().filter(chat=chat).first()
    if (
        report is None
        or report.status == SessionReport.Status.PENDING
        or point_at(report.body, index) is None
    ):
        return None
    share = warmth / STEPS
    row, made = OtherWording.objects.get_or_create(
        chat=chat, index=index, defaults={"warmth": share, "brief": brief}
    )
    if not made and row.finished_at is None:
        return row
    ReaderDials.objects.update_or_create(person=chat.volunteer, defaults={"warmth": share, "brief": brief})
    if not made:
        row.found = {"seen": [*row.found.get("seen", []), *([row.text] if row.text else [])][-SEEN:]}
        row.warmth, row.brief, row.tries = share, brief, row.tries + 1
        row.text, row.finished_at, row.failed, row.asked_at = "", None, False, timezone.now()
        row.save()
    queue.enqueue(WORDING, row.pk, ordering_key=f"{WORDING}:{row.pk}")
    return row


def context(chat: PracticeChat, person: User, points: list[dict[str, Any]]) -> dict[str, Any]:
    """What a report's page shows beside suggested replies; marks the points with their rating and other
    wording. At most 6 queries; 1 where nothing is suggested."""
    rated = suggestions.ratings_of(chat)
    if not any(point["alternative"] for point in points):
        return {}
    others = {row.index: row for row in OtherWording.objects.filter(chat=chat)}
    for point in points:
        point["rated"], point["other"] = rated.get(point["index"]), others.get(point["index"])
    return {"reader": reader(person), "warmths": choices()}


def choices() -> list[tuple[int, Any]]:
    """The steps of warmth with their words."""
    return list(enumerate(WARMTHS))


def of_reply(chat: PracticeChat, index: int) -> OtherWording | None:
    return OtherWording.objects.filter(chat=chat, index=index).first()


def forget(chat: PracticeChat) -> None:
    """The report is written anew: the replies that were worded otherwise stand there no longer."""
    OtherWording.objects.filter(chat=chat).delete()


def rows(user: User) -> Any:
    """For the file of a person's own data."""
    found = OtherWording.objects.filter(chat__volunteer=user).order_by("id")
    return found.values("chat_id", "index", "warmth", "brief", "text", "asked_at", "found").iterator(
        chunk_size=100
    )


def dial_rows(user: User) -> Any:
    return ReaderDials.objects.filter(person=user).values("warmth", "brief")
