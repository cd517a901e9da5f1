"""What the jobs of bench/faults do."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

from bench.faults.models import Effect


def effect(jobs, context):
    """Work for as many milliseconds as the subject says, then leave one row a job."""
    time.sleep(sum(int(job.subject or 0) for job in jobs) / 1000)
    return {job.pk: partial(Effect.objects.create, job_id=job.pk) for job in jobs}


def crash(jobs, context):
    """As a segmentation fault in a native library does: no Python code runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang(jobs, context):
    time.sleep(3600)


def broken(jobs, context):
    raise ValueError


def broken_again(job):
    """Breaks where it should say that the job was given up."""
    raise LookupError


def memory(jobs, context):
    """Eat memory, touching every page, until something stops it."""
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1024) * 16_384))


def disk(jobs, context):
    """Write an export of 64 MB into FAULT_FOLDER; a failure takes its half-written file away."""
    for job in jobs:
        path = Path(os.environ["FAULT_FOLDER"]) / f"{job.pk}.part"
        try:
            with path.open("wb") as file:
                for _ in range(64):
                    file.write(os.urandom(1024 * 1024))
        except OSError:
            path.unlink(missing_ok=True)
            raise
        path.rename(path.with_suffix(".csv"))
    return effect(jobs, context)
