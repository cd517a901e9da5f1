"""SIGTERM to a worker under load: what it claimed is finished or handed back uncounted, and it leaves."""

from __future__ import annotations

import random
import signal
import time

from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure, percentile

NUMBER = 4
TITLE = "a graceful stop loses nothing"
RUNNERS = BOTH
SMALL, FULL = 3, 40
ENQUEUE = """
from django.db import transaction
from peersupport.jobs import queue
with transaction.atomic():
    for _ in range({count}):
        queue.enqueue("effect_live", 40)
"""


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    place.ask(ENQUEUE.format(count=60 * count))
    rng = random.Random(4)
    drains, codes, busy = [], [], 0
    for _ in range(count):
        worker = place.start_worker("live")
        done = effects(place)
        while effects(place) == done:
            time.sleep(0.05)
        time.sleep(rng.random() * 0.5)
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        codes.append(worker.wait(60))
        drains.append(time.monotonic() - began)
        busy += place.rows("SELECT count(*) FROM peersupport_job WHERE status = 'queued'")[0][0] > 0
    [(running,)] = place.rows("SELECT count(*) FROM peersupport_job WHERE status = 'running'")
    [(counted,)] = place.rows(
        "SELECT count(*) FROM peersupport_job WHERE status = 'queued' AND attempts > 0 AND lane = 'live'"
    )
    [(doubled,)] = place.rows("SELECT count(*) - count(DISTINCT job_id) FROM faults_effect")
    return [
        Figure("stops while work was waiting", busy, "", count, at_least=True),
        Figure("jobs left claimed by a worker that is gone", running, "", 0),
        Figure("unfinished jobs that were counted as tried", counted, "", 0),
        Figure("effects doubled", doubled, "", 0),
        Figure("exit codes other than 0", sum(code != 0 for code in codes), "", 0),
        Figure("from SIGTERM to gone, p95", percentile(drains, 0.95), "s", 5),
    ]


def effects(place: Place) -> int:
    return place.rows("SELECT count(*) FROM faults_effect")[0][0]
