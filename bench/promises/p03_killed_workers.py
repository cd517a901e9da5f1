"""kill -9 of the worker that runs a job, at a random point of it, again and again.

Volunteers post all the while, jobs with a countable effect run beside their turns, two sweepers run at
once, and the workers' clocks differ by ten minutes. One worker lives on, as on another machine. A job is
killed twice at most: the third time it would be set aside, as a row that kills its worker is meant to be
(promise 10).
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time

from bench.promises.place import BOTH, LEASE_SECONDS, Place
from bench.promises.sheet import Figure, percentile
from bench.promises.talking import Talkers, kept_keys, wait_for_turns

NUMBER = 3
TITLE = "a killed worker delays, never loses"
RUNNERS = BOTH
SMALL, FULL = 5, 200
SKEWS = ("300", "-300")
REFILL = 40
ENQUEUE = """
import random
from django.db import transaction
from peersupport.jobs import queue
with transaction.atomic():
    for _ in range({count}):
        queue.enqueue("effect_live", random.randrange(120))
"""
RUNNING = "SELECT id, worker FROM peersupport_job WHERE status = 'running' AND lane = 'live' AND attempts < 3"
HELD = "SELECT id, attempts FROM peersupport_job WHERE status = 'running' AND worker LIKE '%:{pid}/%'"
UNFINISHED = "SELECT count(*) FROM peersupport_job WHERE lane = 'live' AND status IN ('queued', 'running')"


def kill_one(place: Place, workers: dict[int, subprocess.Popen], rng: random.Random) -> tuple | None:
    """Kill a worker in the middle of a job: (its jobs, when, how it ended), or None where nothing ran."""
    running: dict[int, list[int]] = {}
    for job, worker in place.rows(RUNNING):
        running.setdefault(int(re.search(r":(\d+)/", worker)[1]), []).append(job)
    pids = [pid for pid in running if pid in workers]
    if not pids:
        return None
    pid = rng.choice(pids)
    time.sleep(rng.random() * 0.05)
    os.kill(pid, signal.SIGSTOP)  # hold still, so that what it runs is known
    held = place.rows(HELD.format(pid=pid))
    if not held or any(attempts >= 3 for _, attempts in held):
        os.kill(pid, signal.SIGCONT)
        return None
    os.kill(pid, signal.SIGKILL)
    at = time.time()
    return [job for job, _ in held], at, workers.pop(pid).wait()


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    rng = random.Random(3)
    port = place.start_web()
    for _ in range(2):
        place.start_sweeper()
    talkers = Talkers(place, port, 3, pause=1.0)
    place.ask(ENQUEUE.format(count=REFILL))
    workers = {}

    def hire(skew: str) -> None:
        process = place.start_worker("live", FAULT_CLOCK_SECONDS=skew)
        workers[process.pid] = process

    place.start_worker("live", number=9)  # one that nobody kills, as a second machine would be
    for skew in SKEWS:
        hire(skew)
    talkers.start()
    killed: dict[int, float] = {}
    ended: list[int] = []
    while len(ended) < count:
        # Enough to be in the middle of, and no backlog: recovery is measured, not waiting in line.
        if place.rows(UNFINISHED)[0][0] < REFILL // 4:
            place.ask(ENQUEUE.format(count=REFILL))
        found = kill_one(place, workers, rng)
        if found is None:
            time.sleep(0.005)
            continue
        jobs, at, code = found
        killed |= dict.fromkeys(jobs, at)
        ended.append(code)
        hire(SKEWS[len(ended) % len(SKEWS)])
    talkers.stop()
    pending = wait_for_turns(place, 120)
    ends = time.monotonic() + 60
    while place.rows(UNFINISHED)[0][0] and time.monotonic() < ends:
        time.sleep(0.1)
    kills = Figure(
        "workers killed in the middle of a job", ended.count(-signal.SIGKILL), "", count, at_least=True
    )
    return [kills, *figures(place, talkers, killed, pending)]


def epoch(place: Place) -> str:
    column = (
        "extract(epoch from finished_at)"
        if place.postgres
        else "(julianday(finished_at) - 2440587.5) * 86400"
    )
    return f"SELECT id, {column} FROM peersupport_job WHERE status = 'done'"


def figures(place: Place, talkers: Talkers, killed: dict, pending: int) -> list[Figure]:
    finished = dict(place.rows(epoch(place)))
    waits = [float(finished[job]) - at for job, at in killed.items() if job in finished]
    kept = kept_keys(place)
    [(doubled,)] = place.rows(
        "SELECT count(*) FROM (SELECT job_id FROM faults_effect GROUP BY job_id HAVING count(*) > 1) AS d"
    )
    [(untagged,)] = place.rows(
        "SELECT count(*) FROM peersupport_message m WHERE turn = 'done' AND NOT EXISTS "
        "(SELECT 1 FROM skills_tagging t WHERE t.message_id = m.id)"
    )
    [(events,)] = place.rows(
        "SELECT count(*) FROM (SELECT message_id FROM peersupport_chatevent WHERE kind = 'turn' "
        "GROUP BY message_id HAVING count(*) > 1) AS d"
    )
    [(effects,)] = place.rows("SELECT count(DISTINCT job_id) FROM faults_effect")
    [(jobs,)] = place.rows("SELECT count(*) FROM peersupport_job WHERE kind = 'effect_live'")
    return [
        Figure("jobs they were running", len(killed)),
        Figure("jobs completed", 100 * effects / max(1, jobs), "%", 100, at_least=True),
        Figure("messages lost", len(set(talkers.sent) - set(kept)), "", 0),
        Figure("messages without tags at the end", pending + untagged, "", 0),
        Figure("effects or turns doubled", doubled + events, "", 0),
        Figure("recovery p50", percentile(waits, 0.5), "s"),
        Figure("recovery p95 (lease of 2 s, pause, sweep)", percentile(waits, 0.95), "s", 4 * LEASE_SECONDS),
    ]
