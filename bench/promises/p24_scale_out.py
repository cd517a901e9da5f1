"""One, two and four live workers over the same backlog: work that waits, and real turns that compute.

Waiting work (a fixed sleep) shows whether the queue itself scales: claims, leases, closing rows. Real turns
are CPU work: on two cores a third worker has nowhere to run, so that their efficiency has no limit here.
"""

from __future__ import annotations

import os
import signal
import time

from bench.promises.place import SERVICES, Place
from bench.promises.sheet import Figure, percentile

NUMBER = 24
TITLE = "More workers do more work"
RUNNERS = (SERVICES,)
SMALL, FULL = 100, 1200

WORKERS = (1, 2, 4)
SLEEP_MILLISECONDS = 50
TURNS_SHARE = 2  # one real turn for so many waiting jobs
MOST_SECONDS = 150
WAITING = """
from django.db import transaction
from peersupport.jobs import queue
with transaction.atomic():
    for _ in range({count}):
        queue.enqueue("effect_live", {sleep})
"""
TURNS = """
from peersupport.people.models import User
from peersupport.practice import chats
from peersupport.practice.models import Scenario
from bench.lines import LINES
paul, scenario = User.objects.get(username="paul"), Scenario.objects.filter(active=True, risk=False).first()
for number in range({count}):
    chats.post_message(chats.start_chat(paul, scenario), text=LINES[number % len(LINES)], key="k")
"""
ROWS = """
SELECT extract(epoch FROM started_at)::float8, extract(epoch FROM finished_at)::float8,
       extract(epoch FROM started_at - created_at)::float8
FROM peersupport_job WHERE kind = '{kind}' AND status = 'done' ORDER BY finished_at
"""
DOUBLED = """
SELECT (SELECT count(*) - count(DISTINCT job_id) FROM faults_effect)
     + (SELECT count(*) - count(DISTINCT message_id) FROM skills_tagging)
"""


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    place.start_sweeper()
    work = {
        "waiting work": ("effect_live", WAITING.format(count=count, sleep=SLEEP_MILLISECONDS), count),
        "real turns": ("turn", TURNS.format(count=count // TURNS_SHARE), count // TURNS_SHARE),
    }
    if count < FULL:
        del work["real turns"]  # starting workers for each row of a small sample would take a minute
    figures, doubled, missing = [], 0, 0
    for name, (kind, code, jobs) in work.items():
        alone = 0.0
        for workers in WORKERS if count >= FULL else WORKERS[:2]:
            _clear(place)
            place.ask(code)
            rows = _drain(place, workers, kind, jobs)
            missing += jobs - len(rows)
            doubled += place.rows(DOUBLED)[0][0]
            rate = _rate([row[1] for row in rows])
            alone = alone or rate
            waits = [row[2] for row in rows]
            figures.append(Figure(f"{name}, {workers} at once: jobs a second", rate, "/s"))
            figures.append(Figure(f"{name}, {workers} at once: queue age p95", percentile(waits, 0.95), "s"))
            if workers > 1:
                limit = 0.8 if kind == "effect_live" else None
                share = rate / (alone * workers)
                figures.append(
                    Figure(f"{name}, {workers} at once: efficiency", share, "", limit, at_least=True)
                )
    return [
        *figures,
        Figure("effects and tags doubled", doubled, "", 0),
        Figure("jobs not done in time", missing, "", 0),
    ]


def _clear(place: Place) -> None:
    place.ask(
        "from bench.faults.models import Effect; from peersupport.jobs.models import Job\n"
        "Job.objects.all().delete(); Effect.objects.all().delete()"
    )


def _drain(place: Place, workers: int, kind: str, jobs: int) -> list[tuple]:
    """(started, finished, waited) of every job, in the order they were finished."""
    processes = [place.start_worker("live", number=number, LOG_LEVEL="WARNING") for number in range(workers)]
    ends = time.monotonic() + MOST_SECONDS
    rows: list[tuple] = []
    while len(rows) < jobs and time.monotonic() < ends:
        time.sleep(0.25)
        rows = place.rows(ROWS.format(kind=kind))
    for process in processes:
        os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        process.wait(30)
    return rows


def _rate(finished: list[float]) -> float:
    """Jobs a second while all workers are up and all have work: the middle of the backlog."""
    first, last = int(len(finished) * 0.3), int(len(finished) * 0.9)
    return (last - first) / max(finished[last] - finished[first], 1e-9)
