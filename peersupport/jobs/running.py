"""Running claimed rows: call the kind, keep the leases alive, close or fail each row."""

from __future__ import annotations

import hashlib
import logging
import os
import resource
import socket
import threading
import time
from collections.abc import Sequence

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils.module_loading import import_string

from peersupport.jobs import canary, mishaps, queue, registry
from peersupport.jobs.models import Job, Lane
from peersupport.logs import about, describe

logger = logging.getLogger(__name__)
HUNG_EXIT_CODE = 70
GIVE_WAY_SECONDS = 15  # others of the lane wait for a long job that resumes so long at most
STINT_SECONDS = 1800  # and it is handed back after so long, well below the time limit of its kind


class Context:
    """What a running job may ask of its runner."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping

    def checkpoint(self, job: Job, *, progress: float, state: dict | None = None) -> None:
        """Keep progress and a resumable state. Raises queue.LeaseLostError when displaced."""
        queue.checkpoint(job, progress=progress, state=state)

    def gives_way(self, job: Job, worked: float) -> bool:
        """Whether a job that goes on where it was should raise StoppedError, after so many seconds of work:
        its worker stops, its stint is over, or others of its lane wait (an erasure may be among them)."""
        if self.stopping.is_set() or worked > STINT_SECONDS:
            return True
        return worked > GIVE_WAY_SECONDS and queue.waits(job.lane)


def worker_name(lane: str, *, before: str = "") -> str:
    """`host:pid/lane`. A host's name that is too long for the column keeps its beginning and a hash of the
    whole, so that two of them stay apart."""
    host, rest = socket.gethostname(), f":{os.getpid()}/{lane}"
    room = Job._meta.get_field("worker").max_length - len(before) - len(rest)
    if len(host) > room:
        host = f"{host[: room - 9]}-{hashlib.sha256(os.fsencode(host)).hexdigest()[:8]}"
    return f"{before}{host}{rest}"


def limit_memory() -> None:
    """Let this process have at most WORKER_MEMORY_MB of data (0: three quarters of the machine's memory).

    A job that asks for more meets a MemoryError and fails like any other; without the limit the
    machine would run out first, and take the database or the web process with it.
    """
    megabytes = settings.WORKER_MEMORY_MB
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    most = megabytes * 1024 * 1024 if megabytes else whole * 3 // 4
    resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


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
                    with about(**_fields(self.jobs)):
                        logger.error("jobs overran their time limit; this process ends")
                    os._exit(HUNG_EXIT_CODE)
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        try:
            for job in self.jobs:
                queue.heartbeat(job)
        except Exception as error:  # the lease may run out; the limit of the work must still hold
            mishaps.tell("heartbeat", error)
            connection.close()


def _fields(jobs: Sequence[Job]) -> dict[str, object]:
    """What a log line says about rows that run together: all are of one kind and one claim."""
    first = jobs[0]
    return {
        "job": first.pk if len(jobs) == 1 else ",".join(str(job.pk) for job in jobs),
        "kind": first.kind,
        "lane": first.lane,
        "attempt": first.attempts,
        "worker": first.worker,
    }


def run_claimed(jobs: Sequence[Job], context: Context) -> None:
    """Run rows of one kind that were claimed together, then close or fail each on its own."""
    kind = registry.get(jobs[0].kind)
    beat = _Heartbeat(jobs, kind.seconds)
    beat.start()
    began = time.monotonic()
    try:
        with about(**_fields(jobs)):
            try:
                outcomes = kind.load_run()(jobs, context)
            except queue.LeaseLostError:
                logger.warning("taken over by another worker")
                return
            except Exception as error:
                outcomes = dict.fromkeys((job.pk for job in jobs), error)
        for job in jobs:
            with about(**_fields([job])):
                outcome = outcomes.get(job.pk, RuntimeError("the kind returned nothing for this job"))
                _finish(job, outcome, began)
    finally:
        beat.done.set()
        beat.join()


def _finish(job: Job, outcome, began: float) -> None:
    """Close or fail the row, and write its one line: how it ended and the ms since `began`."""
    error = ""
    try:
        if isinstance(outcome, Exception):
            raise outcome
        queue.close(job, outcome)
        ended = "done"
    except queue.LeaseLostError:
        ended = "lease lost"
    except queue.StoppedError:
        queue.hand_back(job)
        ended = "handed back"
    except Exception as caught:
        error = describe(caught)
        queue.fail(job, error)
        ended = "failed" if job.attempts < registry.get(job.kind).attempts else "quarantined"
    level = logging.ERROR if error else logging.WARNING if ended == "lease lost" else logging.INFO
    if ended == "done" and job.kind in canary.KINDS.values():
        level = logging.DEBUG  # several a minute, for ever
    fields = {"outcome": ended, "ms": round((time.monotonic() - began) * 1000, 1)} | (
        {"error": error.split("\n")[0]} if error else {}
    )
    logger.log(level, "job finished", extra={"fields": fields})


def warm_up(lane: str, worker: str) -> None:
    """What the lane's jobs need in memory, before somebody waits; what fails is told and left to them."""
    for name in registry.warm_ups(lane):
        try:
            import_string(name)(worker)
        except Exception as error:
            logger.warning("lane %s: not warmed up (%s)", lane, describe(error).split("\n")[0])


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
    """Poll one lane until told to stop; a database that is away, or anything else that breaks, is told and
    waited for, not died of."""
    # Somebody waits for a turn with the eye; nobody notices half a second of a report or a batch.
    pause = settings.JOB_POLL_MILLISECONDS / 1000 * (1 if lane == Lane.LIVE else 5)
    warm_up(lane, worker)
    while not stopping.is_set():
        try:
            close_old_connections()
            drain_lane(lane, worker=worker, stopping=stopping)
            stopping.wait(pause)
        except Exception as error:
            mishaps.tell(f"lane {lane}", error)
            connection.close()
            stopping.wait(1)
    connection.close()
