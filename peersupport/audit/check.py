"""The job that goes through the whole chain, since that takes longer than a page may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from django.db import transaction

from peersupport.audit import chain
from peersupport.jobs import queue, registry
from peersupport.jobs.models import Job, Lane

CHECK = "audit_check"


def register() -> None:
    registry.register(
        registry.Kind(name=CHECK, lane=Lane.BATCH, run=f"{__name__}.run", seconds=3600, attempts=3)
    )


def newest() -> Job | None:
    """Its checkpoint is {"position", "broken": as `chain.Break` or None} once it is done."""
    return Job.objects.filter(kind=CHECK).order_by("-id").first()


@transaction.atomic
def start() -> Job:
    return queue.enqueue_once(CHECK, ordering_key=CHECK)


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context):
    def tell(share: float) -> None:
        context.checkpoint(job, progress=share)

    position, found = chain.head().position, chain.first_broken(tell=tell)
    state = {"position": position, "broken": asdict(found) if found else None}
    context.checkpoint(job, progress=1.0, state=state)
    return lambda: None
