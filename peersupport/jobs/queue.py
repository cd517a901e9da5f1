"""The life of a Job row: enqueue, claim, keep alive, close, give up, re-offer.

Every change of state is one conditional UPDATE whose row count is checked, so that two workers,
a doubled message or a worker that was thought dead can never both win. Results are written in
the transaction that closes the row, and that row closes only under the token it was claimed
with (fencing): a late worker writes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from peersupport.jobs import registry
from peersupport.jobs.models import Job
from peersupport.jobs.runners import get_runner


class LeaseLostError(Exception):
    """The row now belongs to another worker, or to nobody: what was computed is thrown away."""


class StoppedError(Exception):
    """A long job noticed that its worker is asked to stop; it goes on from its checkpoint."""


def enqueue(kind: str, subject: object = "", *, ordering_key: str = "") -> Job:
    """Write a job row in the caller's transaction; a runner is woken once it commits."""
    job = Job.objects.create(
        kind=kind, subject=str(subject), lane=registry.get(kind).lane, ordering_key=ordering_key
    )
    transaction.on_commit(lambda: get_runner().wake(job.lane, job.id))
    return job


def enqueue_once(kind: str, subject: object = "", *, ordering_key: str = "") -> Job:
    """The open job of this kind and subject, or a new one. Call inside a transaction."""
    job = Job.objects.filter(kind=kind, subject=str(subject), status__in=Job.OPEN).first()
    return job or enqueue(kind, subject, ordering_key=ordering_key)


def _claimable(lane: str):
    earlier = Job.objects.filter(
        ordering_key=OuterRef("ordering_key"), status__in=Job.OPEN, id__lt=OuterRef("id")
    )
    return (
        Job.objects.filter(lane=lane, status=Job.Status.QUEUED, available_at__lte=timezone.now())
        .filter(Q(ordering_key="") | ~Exists(earlier))
        .order_by("available_at", "id")
    )


def claim(lane: str, worker: str) -> list[Job]:
    """Claim the next row of the lane, with as many of the same kind as run together.

    A row that failed before is claimed alone: a poison row must not take others down with it.
    """
    first = _claimable(lane).first()
    if first is None:
        return []
    kind = registry.get(first.kind)
    candidates = [first]
    if kind.batch > 1 and first.attempts == 0:
        same = _claimable(lane).filter(kind=first.kind, attempts=0).exclude(pk=first.pk)
        candidates += same[: kind.batch - 1]
    return [job for job in candidates if _claim_row(job, worker)]


def _claim_row(job: Job, worker: str) -> bool:
    now = timezone.now()
    token = uuid.uuid4()
    won = Job.objects.filter(pk=job.pk, status=Job.Status.QUEUED).update(
        status=Job.Status.RUNNING,
        lease_token=token,
        lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
        worker=worker,
        attempts=F("attempts") + 1,
        started_at=now,
    )
    if won:
        job.refresh_from_db()
    return bool(won) and job.lease_token == token


def _held(job: Job):
    return Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING, lease_token=job.lease_token)


def heartbeat(job: Job) -> bool:
    """Extend the lease; False when it is no longer ours."""
    until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    return bool(_held(job).update(lease_until=until))


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
            finished_at=timezone.now(),
            error="",
        )
        if not closed:
            raise LeaseLostError(f"job {job.pk}")
        apply()
        _wake_successor(job)


def fail(job: Job, error: str) -> None:
    """Offer the row again after a pause, or set it aside when its attempts are used up."""
    _release(_held(job), job, error)


def _release(held, job: Job, error: str) -> None:
    kind = registry.get(job.kind)
    with transaction.atomic():
        if job.attempts < kind.attempts:
            held.update(
                status=Job.Status.QUEUED,
                lease_token=None,
                lease_until=None,
                error=error,
                available_at=timezone.now() + timedelta(seconds=2 ** (job.attempts - 1)),
            )
        elif held.update(
            status=Job.Status.QUARANTINED,
            lease_token=None,
            lease_until=None,
            error=error,
            finished_at=timezone.now(),
        ):
            kind.quarantine(job)
            _wake_successor(job)


def hand_back(job: Job) -> None:
    """Offer the row again at once, without counting the attempt that a stop cut short."""
    _held(job).update(
        status=Job.Status.QUEUED,
        lease_token=None,
        lease_until=None,
        attempts=F("attempts") - 1,
        available_at=timezone.now(),
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
    """A person's retry of a row that was set aside; False when it is not set aside any more."""
    with transaction.atomic():
        won = Job.objects.filter(pk=job.pk, status=Job.Status.QUARANTINED).update(
            status=Job.Status.QUEUED, attempts=0, available_at=timezone.now(), finished_at=None, error=""
        )
        if won:
            transaction.on_commit(lambda: get_runner().wake(job.lane, job.id))
    return bool(won)


def sweep() -> int:
    """Re-offer rows whose lease ran out, and wake a runner for rows that wait. Returns the former.

    Safe to run anywhere and any number of times at once: each row is taken by compare-and-set
    on the very lease that was seen to be over.
    """
    now = timezone.now()
    recovered = 0
    for job in Job.objects.filter(status=Job.Status.RUNNING, lease_until__lt=now):
        held = _held(job).filter(lease_until__lt=now)
        if held.exists():
            _release(held, job, "the worker stopped before the job was finished")
            recovered += 1
    waiting = Job.objects.filter(status=Job.Status.QUEUED, available_at__lt=now - timedelta(seconds=2))
    for lane in waiting.values_list("lane", flat=True).distinct():
        get_runner().wake(lane, 0)
    return recovered
