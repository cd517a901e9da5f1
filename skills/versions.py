"""Which version of the tagger tagged what, and how far the tagging by the one that serves has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q

from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.practice.models import Message
from skills.models import Tagging
from skills.tagger.card import card_or_nothing

RETAG = "retag"


def serving() -> str:
    """The version that serves; empty where its card cannot be read."""
    return card_or_nothing().get("version", "")


def lacking(version: str) -> int:
    """How many counselor messages another version's tags hold for, or none. 1 query."""
    by_version = Tagging.objects.filter(message=OuterRef("pk"), version=version, current=True)
    return Message.objects.filter(~Exists(by_version), role=Message.Role.COUNSELOR, copied=False).count()


def shares() -> list[dict[str, Any]]:
    """`version` and `messages` whose tags it gave, most first; `version` is empty for messages without
    tags. 1 query."""
    holds = FilteredRelation("taggings", condition=Q(taggings__current=True))
    rows = (
        Message.objects.filter(role=Message.Role.COUNSELOR, copied=False)
        .alias(holds=holds)
        .order_by()
        .values("holds__version")
        .annotate(n=Count("pk"))
    )
    found = [{"version": row["holds__version"] or "", "messages": row["n"]} for row in rows]
    return sorted(found, key=lambda row: -row["messages"])


@dataclass(frozen=True)
class Progress:
    """A re-tagging job as its row tells it. `rate`: messages a second of its working time."""

    job: Job
    version: str
    done: int
    total: int
    rate: float | None
    seconds_left: float | None


def progress() -> Progress | None:
    """Of the newest job; None where there is none. 1 query."""
    job = Job.objects.filter(kind=RETAG).order_by("-id").first()
    if job is None:
        return None
    state = job.checkpoint
    done, total, seconds = state.get("done", 0), state.get("total", 0), state.get("seconds", 0)
    rate = done / seconds if seconds else None
    return Progress(
        job=job,
        version=state.get("version", ""),
        done=done,
        total=total,
        rate=rate,
        seconds_left=(total - done) / rate if rate else None,
    )


@transaction.atomic
def start() -> tuple[Job | None, bool]:
    """The open re-tagging job, or a new one where there is something to do; and whether it is new."""
    found = Job.objects.filter(kind=RETAG, status__in=Job.OPEN).first()
    version = serving()
    if found is not None or not version or not lacking(version):
        return found, False
    return queue.enqueue_once(RETAG, ordering_key=RETAG), True
