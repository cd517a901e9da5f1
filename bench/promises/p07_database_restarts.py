"""PostgreSQL restarted in the middle of requests and jobs, half of the times as in a crash."""

from __future__ import annotations

import time

from bench.promises.place import SERVICES, Place
from bench.promises.sheet import Figure, percentile
from bench.promises.talking import Talkers, kept_keys, wait_for_turns

NUMBER = 7
TITLE = "a restart of the database heals"
RUNNERS = (SERVICES,)
SMALL, FULL = 3, 30
STARTED = "SELECT pg_postmaster_start_time()"
ENQUEUE = """
from django.db import transaction
from peersupport.jobs import queue
with transaction.atomic():
    for _ in range({count}):
        queue.enqueue("effect_live", 30)
"""


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    port = place.start_web()
    place.start_worker("live")
    place.start_sweeper()
    place.ask(ENQUEUE.format(count=60 * count))
    talkers = Talkers(place, port, 4, pause=0.2).start()
    windows, down, starts = [], [], {place.rows(STARTED)[0][0]}
    for number in range(count):
        time.sleep(1)
        began = time.time()
        down.append(place.postgres.restart("immediate" if number % 2 else "fast"))
        starts.add(place.rows(STARTED)[0][0])
        time.sleep(3)
        refused = [at for at, _ in talkers.refused if at >= began]
        windows.append(max(refused) - began if refused else 0.0)
    talkers.stop()
    left = wait_for_turns(place, 60)
    statuses = [status for _, status in talkers.refused]
    ends = time.monotonic() + 60
    query = "SELECT count(*) FROM peersupport_job WHERE kind = 'effect_live' AND status != 'done'"
    while place.rows(query)[0][0] and time.monotonic() < ends:
        time.sleep(0.2)
    [(doubled,)] = place.rows("SELECT count(*) - count(DISTINCT job_id) FROM faults_effect")
    return [
        Figure("restarts", len(starts) - 1, "", count, at_least=True),
        Figure("messages acknowledged and lost", len(set(talkers.sent) - set(kept_keys(place))), "", 0),
        Figure("messages without tags at the end", left, "", 0),
        Figure("jobs not done at the end", place.rows(query)[0][0], "", 0),
        Figure("effects doubled", doubled, "", 0),
        Figure("posts answered 503 or not at all", sum(status in (0, 503) for status in statuses)),
        Figure("posts answered otherwise than 302, 503 or not at all",
               sum(status not in (0, 503) for status in statuses), "", 0),
        Figure("slowest post", max(talker.slowest for talker in talkers.talkers), "s", 12),
        Figure("database away, p95", percentile(down, 0.95), "s"),
        Figure("window of refused posts, p95", percentile(windows, 0.95), "s", 3),
    ]  # fmt: skip
