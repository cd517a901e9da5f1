"""How long chats are kept: some days after they ended they are erased, with all that hangs on them.

How many, the settings page says, else RETENTION_DAYS. A batch job goes chat by chat, as an erasure does,
leaves one audit line a chat as proof, and takes the bytes out of the files at its end. It starts by itself
once a day where chats are kept for so many days, or by an admin.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from peersupport.audit.log import record
from peersupport.jobs import queue, registry
from peersupport.jobs.models import Job, Lane
from peersupport.jobs.queue import StoppedError
from peersupport.organisation.current import current
from peersupport.people import erasure
from peersupport.practice import slots
from peersupport.practice.models import PracticeChat

RETENTION = "retention"
EVERY_HOURS = 24
PAGE = 500  # numbers of chats read at once


def register() -> None:
    registry.register(
        registry.Kind(name=RETENTION, lane=Lane.BATCH, run=f"{__name__}.run", seconds=3600, attempts=8)
    )


def due(days: int | None = None) -> QuerySet[PracticeChat]:
    """Chats whose time is over; none where chats are kept. One that was never ended counts from its start.
    `days`: as if chats were kept so long."""
    days = current().retention_days if days is None else days
    if not days:
        return PracticeChat.objects.none()
    before = timezone.now() - timedelta(days=days)
    ended = Q(ended_at__lt=before) | Q(ended_at=None)
    return PracticeChat.objects.filter(ended, created_at__lt=before)


def due_counts(days: int | None = None) -> tuple[int, int]:
    """(how many are due, how many of them are signed off). 2 queries at most."""
    found = due(days)
    n = found.count()
    return n, slots.call(slots.CHATS_SIGNED_OFF, found) if n else 0


def newest() -> Job | None:
    return Job.objects.filter(kind=RETENTION).order_by("-id").first()


@transaction.atomic
def start() -> Job | None:
    """The open job or a new one; None where nothing is due."""
    return queue.enqueue_once(RETENTION, ordering_key=RETENTION) if due().exists() else None


def start_daily() -> None:
    """A chore of the sweeper."""
    last = newest()
    if current().retention_days and (
        last is None or last.created_at < timezone.now() - timedelta(hours=EVERY_HOURS)
    ):
        start()


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context) -> Callable[[], None] | Exception:
    """Goes on where an earlier stint ended, since what that one erased is not due any more; and gives way,
    since an erasure may be waiting."""
    done, total = job.checkpoint.get("done", 0), job.checkpoint.get("total", 0)
    total, began = total or due().count(), time.monotonic()
    for chat_id in _one_by_one():
        done += _erase(chat_id)
        stops = context.gives_way(job, time.monotonic() - began)
        if stops or done % 20 == 0:
            state = {"done": done, "total": total}
            context.checkpoint(job, progress=min(1.0, done / max(total, 1)), state=state)
        if stops:
            return StoppedError()
    erasure.tidy()
    context.checkpoint(job, progress=1.0, state={"done": done, "total": total})
    return lambda: None


def _one_by_one() -> Iterator[UUID]:
    """Those that are due, in the order of their numbers: what stays for any reason is passed once."""
    rows = due().order_by("pk").values_list("pk", flat=True)
    page = list(rows[:PAGE])
    while page:
        yield from page
        page = list(rows.filter(pk__gt=page[-1])[:PAGE])


@transaction.atomic
def _erase(chat_id: UUID) -> bool:
    """Not on the list: brought back by a restore, it is due again. False where it went meanwhile."""
    chat = erasure.lock_chat(chat_id)
    if chat is None:
        return False
    record(None, "retention_erased", chat)
    return erasure.erase_chat(chat_id)
