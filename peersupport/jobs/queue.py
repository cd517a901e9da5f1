"""The life of a Job row: enqueue, claim, keep alive, close, give up, re-offer.

Every change of state is one conditional UPDATE whose row count is checked, so that two workers,
a doubled message or a worker that was thought dead can never both win. Results are written in
the transaction that closes the row, and that row closes only under the token it was claimed
with (fencing): a late worker writes nothing. All times are the database's: workers' clocks differ.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.functions import Now

from peersupport.jobs import mishaps, registry
from peersupport.jobs.models import Job
from peersupport.jobs.runners import get_runner
from peersupport.logs import about


class LeaseLostError(Exception):
    """The row now belongs to another worker, or to nobody: what was computed is thrown away."""


class StoppedError(Exception):
    """A long job noticed that its worker is asked to stop; it goes on from its checkpoint."""


def in_seconds(seconds: float) -> ExpressionWrapper:
    """The database's clock, so many seconds from now."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())


def enqueue(kind: str, subject: object = "", *, ordering_key: str = "", delay: float = 0.0) -> Job:
    """Write a job row in the caller's transaction; a runner is woken once it commits. `delay`: seconds
    before which no worker may claim it."""
    job = Job.objects.create(
        kind=kind,
        subject=str(subject),
        lane=registry.get(kind).lane,
        ordering_key=ordering_key,
        available_at=in_seconds(delay) if delay else Now(),
    )
    transaction.on_commit(lambda: get_runner().wake(job.lane, job.id, delay))
    return job


def enqueue_once(kind: str, subject: object = "", *, ordering_key: str = "") -> Job:
    """The open job of this kind and subject, or a new one. Call inside a transaction."""
    job = Job.objects.filter(kind=kind, subject=str(subject), status__in=Job.OPEN).first()
    return job or enqueue(kind, subject, ordering_key=ordering_key)


def others_open(job: Job) -> bool:
    """Whether another row of the same kind and subject waits or runs."""
    return (
        Job.objects.filter(kind=job.kind, subject=job.subject, status__in=Job.OPEN)
        .exclude(pk=job.pk)
        .exists()
    )


def _claimable(lane: str):
    same_key = Job.objects.filter(ordering_key=OuterRef("ordering_key"))
    # A running row can be a later one: a person's retry opens an old row again.
    before = same_key.filter(
        Q(status=Job.Status.RUNNING) | Q(status=Job.Status.QUEUED, id__lt=OuterRef("id"))
    )
    return (
        # A kind that this version does not know waits for a worker that does.
        Job.objects.filter(lane=lane, status=Job.Status.QUEUED, available_at__lte=Now())
        .filter(kind__in=registry.names())
        .filter(Q(ordering_key="") | ~Exists(before))
        .order_by("available_at", "id")
    )


def waits(lane: str, *, seconds: float = 0) -> bool:
    """Whether a row of the lane could be claimed, and could have been for so many seconds."""
    return _claimable(lane).filter(available_at__lte=in_seconds(-seconds)).exists()


def claim(lane: str, worker: str) -> list[Job]:
    """Claim the next row of the lane, with as many of the same kind as run together.

    A row that failed before is claimed alone: a poison row must not take others down with it.
    """
    if not waits(lane):
        return []
    with transaction.atomic():
        # Rows that another worker is claiming right now are passed over, not waited for.
        open_rows = _claimable(lane).select_for_update(skip_locked=True, of=("self",))
        first = open_rows.first()
        if first is None:
            return []
        candidates = [first.pk]
        kind = registry.get(first.kind)
        if kind.batch > 1 and first.attempts == 0:
            same = open_rows.filter(kind=first.kind, attempts=0).exclude(pk=first.pk)
            candidates += same.values_list("pk", flat=True)[: kind.batch - 1]
        token = uuid.uuid4()
        Job.objects.filter(pk__in=candidates, status=Job.Status.QUEUED).update(
            status=Job.Status.RUNNING,
            lease_token=token,
            lease_until=in_seconds(settings.JOB_LEASE_SECONDS),
            worker=worker,
            attempts=F("attempts") + 1,
            started_at=Now(),
        )
    return list(Job.objects.filter(lease_token=token).order_by("available_at", "id"))


def _held(job: Job):
    return Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING, lease_token=job.lease_token)


def heartbeat(job: Job) -> bool:
    """Extend the lease; False when it is no longer ours."""
    return bool(_held(job).update(lease_until=in_seconds(settings.JOB_LEASE_SECONDS)))


def checkpoint(job: Job, *, progress: float, state: dict | None = None) -> None:
    """Keep how far a long job came. Raises LeaseLostError, so that a displaced worker stops."""
    fields = {"progress": min(1.0, max(0.0, progress))}
    if state is not None:
        fields["checkpoint"] = job.checkpoint = state
    if not _held(job).update(**fields):
        raise LeaseLostError(f"job {job.pk}")


def close(job: Job, apply: Callable[[], None]) -> None:
    """Write the results and close the row together. Raises LeaseLostError and writes nothing
    when the lease is lost."""
    with transaction.atomic():
        closed = _held(job).update(
            status=Job.Status.DONE,
            lease_token=None,
            lease_until=None,
            progress=1.0,
            finished_at=Now(),
            error="",
        )
        if not closed:
            raise LeaseLostError(f"job {job.pk}")
        apply()
        _wake_successor(job)


def fail(job: Job, error: str) -> None:
    """Offer the row again after a pause, or set it aside when its attempts are used up."""
    _release(_held(job), job, error)


def _release(held, job: Job, error: str) -> bool:
    """Whether the row was still held so; then it is offered again, or set aside."""
    kind = registry.find(job.kind)
    with transaction.atomic():
        if kind is None or job.attempts < kind.attempts:
            pause = 2 ** (job.attempts - 1)
            fields = {"status": Job.Status.QUEUED, "available_at": in_seconds(pause)}
        else:
            fields = {"status": Job.Status.QUARANTINED, "finished_at": Now()}
        won = held.update(lease_token=None, lease_until=None, error=error, **fields)
        if won and fields["status"] == Job.Status.QUARANTINED:
            _quarantine(kind, job)
            _wake_successor(job)
    return bool(won)


def _quarantine(kind, job: Job) -> None:
    """The row closes whatever its kind's hook does: open, it would come back for ever. Only where the
    database did not do its part, which may be a deadlock, it stays, and the next sweep tries again."""
    try:
        with transaction.atomic():
            kind.quarantine(job)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        mishaps.tell(f"on_quarantine of {job.kind}", error)


def hand_back(job: Job) -> None:
    """Offer the row again at once, without counting the attempt that a stop cut short."""
    _held(job).update(
        status=Job.Status.QUEUED,
        lease_token=None,
        lease_until=None,
        attempts=F("attempts") - 1,
        available_at=Now(),
    )


def _wake_successor(job: Job) -> None:
    if not job.ordering_key:
        return
    following = (
        Job.objects.filter(ordering_key=job.ordering_key, status=Job.Status.QUEUED).order_by("id").first()
    )
    if following:
        transaction.on_commit(lambda: get_runner().wake(following.lane, following.id))


def requeue(job: Job) -> bool:
    """A person's retry of a row that was set aside, whose subject its kind puts back; False when it is not
    set aside any more, or when there is nothing left to try: then the row is closed as done."""
    with transaction.atomic():
        # A later row that is being claimed right now is seen to run, or not claimed. In the order of all.
        later = Q(ordering_key=job.ordering_key, status__in=Job.OPEN) & ~Q(ordering_key="")
        list(Job.objects.filter(Q(pk=job.pk) | later).select_for_update().order_by("id").values_list("pk"))
        won = Job.objects.filter(pk=job.pk, status=Job.Status.QUARANTINED).update(
            status=Job.Status.QUEUED, attempts=0, available_at=Now(), finished_at=None, error=""
        )
        if won:
            kind = registry.find(job.kind)  # None, of another version: it waits for a worker that knows it
            if kind and not kind.requeue(job):
                Job.objects.filter(pk=job.pk).update(status=Job.Status.DONE, finished_at=Now())
                return False
            transaction.on_commit(lambda: get_runner().wake(job.lane, job.id))
    return bool(won)


def lock_open(kind: str, subject: object | None = None) -> None:
    """Lock the open rows of a kind, or of one subject of it, before the subject itself: as whoever closes,
    gives up or retries a row does. Call inside a transaction."""
    rows = Job.objects.filter(kind=kind, status__in=Job.OPEN)
    rows = rows if subject is None else rows.filter(subject=str(subject))
    list(rows.select_for_update().order_by("id").values_list("pk"))


def cancel(job: Job) -> bool:
    """A person's wish that an open row is not done; False when it is over. A worker that has it learns so
    at its next checkpoint, and can write no results."""
    with transaction.atomic():
        won = Job.objects.filter(pk=job.pk, status__in=Job.OPEN).update(
            status=Job.Status.CANCELLED, lease_token=None, lease_until=None, finished_at=Now()
        )
        if won:
            _wake_successor(job)
    return bool(won)


def sweep() -> int:
    """Re-offer rows whose lease ran out; returns how many.

    Safe to run anywhere and any number of times at once: each row is taken by compare-and-set
    on the very lease that was seen to be over. Rows that wait need no sweep: workers look for them.
    A row that is locked, because its worker is closing it or froze while doing so, is passed over: it
    must not keep the others waiting, and the database ends such a transaction (DATABASE_IDLE_SECONDS).
    No more must one whose release breaks: it is told, and tried again by the next sweep.
    """
    recovered = 0
    for job in Job.objects.filter(status=Job.Status.RUNNING, lease_until__lt=Now()):
        held = _held(job).filter(lease_until__lt=Now())
        fields = {"job": job.pk, "kind": job.kind}
        with about(**fields), mishaps.contained("sweeping a job"), transaction.atomic():
            if held.select_for_update(skip_locked=True).first():
                recovered += _release(held, job, "the worker stopped before the job was finished")
    return recovered


def purge(days: int) -> int:
    """Delete rows that were over more than so many days ago, a thousand at most; returns how many."""
    over = (Job.Status.DONE, Job.Status.CANCELLED)
    old = Job.objects.filter(status__in=over, finished_at__lt=in_seconds(-86_400 * days))
    with transaction.atomic():
        # An erasure that locks some of them takes them away itself.
        free = old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1000]
        return Job.objects.filter(pk__in=list(free)).delete()[0]
