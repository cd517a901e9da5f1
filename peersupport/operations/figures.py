"""The figures that say how an installation does: for /metrics and for the page "What is running".

A few short queries whatever the number of jobs (peersupport/jobs/models.py has an index for each), and
numbers, kinds, lanes and versions only.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

import peersupport
from peersupport.jobs import canary, registry
from peersupport.jobs.models import Job
from peersupport.jobs.queue import in_seconds
from peersupport.jobs.runners import get_runner
from peersupport.operations import versions
from peersupport.practice.chats import TURN

_began = time.monotonic()
LATELY_SECONDS = 300  # the window of "done" and "failed"
SEEN_SECONDS = 600  # a worker that did nothing for so long is not listed

COUNTS = ("waiting", "running", "retrying", "quarantined", "done_lately", "failed_lately")


def job_rows() -> list[dict[str, Any]]:
    """One row for each lane and kind, zeros included: COUNTS, and `oldest_open_seconds`. 2 queries."""
    rows: dict = defaultdict(lambda: {**dict.fromkeys(COUNTS, 0), "oldest_open_seconds": 0.0})
    for kind in registry.kinds():
        rows[str(kind.lane), kind.name]
    now = timezone.now()
    grouped = Job.objects.order_by().values("lane", "kind")
    # A row that was put off and is not due yet waits for its time, not for a worker.
    is_open = Q(status__in=Job.OPEN) & ~Q(attempts=0, available_at__gt=Now())
    set_aside = Q(status=Job.Status.QUARANTINED)
    for found in grouped.filter(is_open | set_aside).annotate(
        waiting=Count("id", filter=is_open & Q(status=Job.Status.QUEUED)),
        running=Count("id", filter=Q(status=Job.Status.RUNNING)),
        retrying=Count("id", filter=is_open & ~Q(error="")),
        quarantined=Count("id", filter=set_aside),
        oldest=Min("created_at", filter=is_open),
    ):
        row = rows[found["lane"], found["kind"]]
        row |= {name: found[name] for name in ("waiting", "running", "retrying", "quarantined")}
        if found["oldest"]:
            row["oldest_open_seconds"] = round(max(0.0, (now - found["oldest"]).total_seconds()), 1)
    for found in grouped.filter(finished_at__gt=in_seconds(-LATELY_SECONDS)).annotate(
        done=Count("id", filter=Q(status=Job.Status.DONE)),
        failed=Count("id", filter=Q(status=Job.Status.QUARANTINED)),
    ):
        row = rows[found["lane"], found["kind"]]
        row |= {"done_lately": found["done"], "failed_lately": found["failed"]}
    return [{"lane": lane, "kind": kind, **row} for (lane, kind), row in sorted(rows.items())]


def workers_seen() -> list[dict[str, Any]]:
    """Workers that run a job or finished one lately, with the version of their last turn. 3 queries."""
    lately = Q(finished_at__gt=in_seconds(-SEEN_SECONDS)) | Q(status=Job.Status.RUNNING)
    turn = Q(kind=TURN, status=Job.Status.DONE)
    rows = list(
        Job.objects.filter(lately)
        .exclude(worker="")
        .order_by()
        .values("worker", "lane")
        .annotate(
            running=Count("id", filter=Q(status=Job.Status.RUNNING)),
            done=Count("id", filter=Q(status=Job.Status.DONE)),
            last=Max("finished_at"),
            turn=Max("id", filter=turn),
        )
    )
    turns = [row["turn"] for row in rows if row["turn"]]
    subjects = dict(Job.objects.filter(pk__in=turns).values_list("pk", "subject")) if turns else {}
    used = versions.used_for(subjects.values())
    for row in rows:
        row["version"] = used.get(subjects.get(row.pop("turn")), "")
    return sorted(rows, key=lambda row: (row["lane"], row["worker"]))


_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def database_bytes() -> int:
    """What the database takes on disk, without the write-ahead log and backups. 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZE[connection.vendor])
        return cursor.fetchone()[0]


def collect() -> dict[str, Any]:
    """Everything that /metrics tells, as JSON types."""
    return {
        "version": peersupport.__version__,
        "runner": get_runner().name,
        "web_uptime_seconds": round(time.monotonic() - _began, 1),
        "database_bytes": database_bytes(),
        "canary_age_seconds": {
            lane: None if age is None else round(age, 1) for lane, age in canary.ages().items()
        },
        "jobs": job_rows(),
        "serving": versions.serving(),
    }
