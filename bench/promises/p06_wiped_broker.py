"""FLUSHALL with jobs waiting: the rows are the truth, so that every one of them is still done."""

from __future__ import annotations

import time

from bench.promises.place import SERVICES, Place
from bench.promises.sheet import Figure

NUMBER = 6
TITLE = "Redis wiped: nothing is lost"
RUNNERS = (SERVICES,)
SMALL, FULL = 60, 1000

ENQUEUE = """
from django.db import transaction
from peersupport.jobs import queue
with transaction.atomic():
    for _ in range({count}):
        queue.enqueue("effect_live", 1)
"""


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    place.ask(ENQUEUE.format(count=count))
    place.redis.client().flushall()
    began = time.monotonic()
    place.start_worker("live")
    place.start_sweeper()
    ends = began + 120
    done = 0
    while done < count and time.monotonic() < ends:
        time.sleep(0.1)
        [(done,)] = place.rows("SELECT count(DISTINCT job_id) FROM faults_effect")
    [(effects,)] = place.rows("SELECT count(*) FROM faults_effect")
    return [
        Figure("jobs recovered", done, "", count, at_least=True),
        Figure("effects doubled", effects - done, "", 0),
        Figure("until all were done, worker start included", time.monotonic() - began, "s"),
    ]
