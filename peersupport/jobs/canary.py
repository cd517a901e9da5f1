"""The canary: a job per lane that only has to arrive. Its age says whether work really flows there."""

from __future__ import annotations

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Max, Q
from django.db.models.functions import Now

from peersupport.jobs import queue, registry
from peersupport.jobs.models import Job, Lane

KINDS = {lane: "canary" if lane == Lane.LIVE else f"canary_{lane}" for lane in Lane.values}


def register() -> None:
    for lane, name in KINDS.items():
        registry.register(
            registry.Kind(name=name, lane=lane, run="peersupport.jobs.canary.run", batch=16, seconds=20)
        )


def run(jobs, context):
    return {job.pk: lambda: None for job in jobs}


def send() -> None:
    """Enqueue a canary in each lane whose last one is old enough and has arrived."""
    for kind in KINDS.values():
        rows = Job.objects.filter(kind=kind)
        recent = rows.filter(created_at__gt=queue.in_seconds(-settings.JOB_CANARY_SECONDS))
        if not recent.exists() and not rows.filter(status__in=Job.OPEN).exists():
            queue.enqueue(kind)


def forget() -> None:
    """Drop the canaries of earlier hours."""
    old = Job.objects.filter(kind__in=KINDS.values(), status=Job.Status.DONE)
    old.filter(finished_at__lt=queue.in_seconds(-3600)).delete()


def age_seconds(lane: str = Lane.LIVE) -> float | None:
    """Seconds since a canary of the lane last finished, or None if none ever did."""
    finished = Job.objects.filter(kind=KINDS[lane], status=Job.Status.DONE).order_by("-finished_at")
    age = ExpressionWrapper(Now() - F("finished_at"), output_field=DurationField())
    last = finished.annotate(age=age).values_list("age", flat=True).first()
    return None if last is None else last.total_seconds()


def ages() -> dict[str, float | None]:
    """`age_seconds` of every lane, in one query."""
    age = ExpressionWrapper(Now() - Max("finished_at"), output_field=DurationField())
    rows = Job.objects.filter(kind__in=KINDS.values(), status=Job.Status.DONE).order_by().values("lane")
    found = {row["lane"]: row["age"].total_seconds() for row in rows.annotate(age=age)}
    return {lane: found.get(lane) for lane in Lane.values}


def unsent() -> list[str]:
    """Lanes that should have been sent a canary by now and were not: the sweeper does not run."""
    limit = queue.in_seconds(-settings.JOB_CANARY_SECONDS * 3)
    sent = Job.objects.filter(Q(created_at__gt=limit) | Q(status__in=Job.OPEN), kind__in=KINDS.values())
    return sorted(set(Lane.values) - set(sent.order_by().values_list("lane", flat=True).distinct()))


def flows(lane: str) -> bool:
    """Whether the lane is served: a canary came through lately, or a job holds the lane and is alive.

    A canary waits behind a study that takes an hour; the study's lease is then the sign of life.
    """
    age = age_seconds(lane)
    if age is not None and age < settings.JOB_CANARY_SECONDS * 3:
        return True
    return Job.objects.filter(lane=lane, status=Job.Status.RUNNING, lease_until__gt=Now()).exists()
