"""The Celery side: one thin task. Every worker names the lane it drains by the queue it reads."""

from __future__ import annotations

from peersupport.celery import app


@app.task(name="jobs.drain")
def drain(lane: str, job_id: int) -> None:
    """Run what is claimable in the lane; `job_id` only says which row caused the wake."""
    from peersupport.jobs import celery_worker

    celery_worker.drain(lane)
