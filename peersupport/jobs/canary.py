"""The canary: a job that only has to arrive. Its age says whether work really flows."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from peersupport.jobs import registry
from peersupport.jobs.models import Job, Lane

KIND = "canary"


def register() -> None:
    registry.register(registry.Kind(name=KIND, lane=Lane.LIVE, run="peersupport.jobs.canary.run", seconds=20))


def run(jobs, context):
    return {job.pk: lambda: None for job in jobs}


def send() -> None:
    """Enqueue a canary when the last one is old enough, and drop those of earlier hours."""
    from peersupport.jobs import queue

    now = timezone.now()
    rows = Job.objects.filter(kind=KIND)
    if not rows.filter(created_at__gt=now - timedelta(seconds=settings.JOB_CANARY_SECONDS)).exists():
        queue.enqueue(KIND)
    rows.filter(status=Job.Status.DONE, created_at__lt=now - timedelta(hours=1)).delete()


def age_seconds() -> float | None:
    """Seconds since a canary last finished, or None if none ever did."""
    finished = Job.objects.filter(kind=KIND, status=Job.Status.DONE).order_by("-finished_at")
    last = finished.values_list("finished_at", flat=True).first()
    return None if last is None else (timezone.now() - last).total_seconds()
