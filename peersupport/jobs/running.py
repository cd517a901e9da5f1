"""Running claimed rows: call the kind, keep the leases alive, close or fail each row."""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections, connection

from peersupport.jobs import queue, registry
from peersupport.jobs.models import Job, Lane

logger = logging.getLogger(__name__)
HUNG_EXIT_CODE = 70


class Context:
    """What a running job may ask of its runner."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping

    def checkpoint(self, job: Job, *, progress: float, state: dict | None = None) -> None:
        """Keep progress and a resumable state. Raises queue.LeaseLostError when displaced."""
        queue.checkpoint(job, progress=progress, state=state)


def describe(error: BaseException) -> str:
    """Exception classes and where they were raised. Messages stay out: they can quote content."""
    root = str(settings.BASE_DIR) + os.sep
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    lines = [f"{frame.filename.removeprefix(root)}:{frame.lineno} {frame.name}" for frame in frames]
    lines = [line if not line.startswith(os.sep) else Path(line).name for line in lines]
    return "\n".join([f"{type(error).__module__}.{type(error).__qualname__}", *lines])


class _Heartbeat(threading.Thread):
    """Extends the leases while the work runs; ends the process when it overruns its limit.

    A hung thread cannot be stopped from within Python. Leaving the process is safe: the leases
    run out, the sweeper re-offers the rows and the supervisor starts a new worker.
    """

    def __init__(self, jobs: Sequence[Job], seconds: int) -> None:
        super().__init__(daemon=True, name="heartbeat")
        self.jobs = jobs
        self.deadline = time.monotonic() + seconds
        self.done = threading.Event()

    def run(self) -> None:
        try:
            while not self.done.wait(settings.JOB_LEASE_SECONDS / 3):
                if time.monotonic() > self.deadline:
                    logger.error("jobs %s overran their time limit", [job.pk for job in self.jobs])
                    os._exit(HUNG_EXIT_CODE)
                for job in self.jobs:
                    queue.heartbeat(job)
        finally:
            connection.close()


def run_claimed(jobs: Sequence[Job], context: Context) -> None:
    """Run rows of one kind that were claimed together, then close or fail each on its own."""
    kind = registry.get(jobs[0].kind)
    beat = _Heartbeat(jobs, kind.seconds)
    beat.start()
    try:
        try:
            outcomes = kind.load_run()(jobs, context)
        except queue.LeaseLostError:
            logger.warning("jobs %s were taken over by another worker", [job.pk for job in jobs])
            return
        except Exception as error:
            outcomes = dict.fromkeys((job.pk for job in jobs), error)
        for job in jobs:
            _finish(job, outcomes.get(job.pk, RuntimeError("the kind returned nothing for this job")))
    finally:
        beat.done.set()
        beat.join()


def _finish(job: Job, outcome) -> None:
    try:
        if isinstance(outcome, Exception):
            raise outcome
        queue.close(job, outcome)
    except queue.LeaseLostError:
        logger.warning("job %s was taken over by another worker", job.pk)
    except queue.StoppedError:
        queue.hand_back(job)
    except Exception as error:
        description = describe(error)
        logger.error(
            "job %s (%s), attempt %s: %s", job.pk, job.kind, job.attempts, description.split("\n")[0]
        )
        queue.fail(job, description)


def drain_lane(lane: str, *, worker: str, stopping: threading.Event | None = None) -> int:
    """Claim and run until nothing in the lane is claimable. Returns how many rows were run."""
    context = Context(stopping or threading.Event())
    ran = 0
    while not context.stopping.is_set():
        jobs = queue.claim(lane, worker)
        if not jobs:
            break
        run_claimed(jobs, context)
        ran += len(jobs)
    return ran


def serve_lane(lane: str, *, worker: str, stopping: threading.Event) -> None:
    """Poll one lane until told to stop; a database that is away is waited for, not died of."""
    from django.db import DatabaseError

    # Somebody waits for a turn with the eye; nobody notices half a second of a report or a batch.
    pause = settings.JOB_POLL_MILLISECONDS / 1000 * (1 if lane == Lane.LIVE else 5)
    while not stopping.is_set():
        try:
            close_old_connections()
            drain_lane(lane, worker=worker, stopping=stopping)
            stopping.wait(pause)
        except DatabaseError as error:
            logger.warning("lane %s: database not ready (%s)", lane, type(error).__name__)
            connection.close()
            stopping.wait(1)
    connection.close()
