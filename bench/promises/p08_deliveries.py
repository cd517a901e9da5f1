"""Each message of the broker delivered 2 to 5 times, shuffled, to three workers; some after an erasure,
and one worker frozen in the middle of its jobs until another has done them."""

from __future__ import annotations

import os
import random
import signal
import time

from bench.promises.place import BOTH, SERVICES, Place
from bench.promises.sheet import Figure
from bench.promises.talking import Talkers

NUMBER = 8
TITLE = "doubled, reordered and late deliveries are harmless"
RUNNERS = BOTH
SMALL, FULL = 60, 1000
ENQUEUE = """
from django.db import transaction
from peersupport.jobs import queue
with transaction.atomic():
    answer = [queue.enqueue("effect_live", 5).pk for _ in range({count})]
"""
DELIVER = """
import random
from peersupport.jobs.tasks import drain
ids = [number for number in {ids} for _ in range(random.randint(2, 5))]
random.shuffle(ids)
for number in ids:
    drain.apply_async(args=["live", number], queue="live")
answer = len(ids)
"""
ERASE = """
from peersupport.practice.models import PracticeChat
chats = list(PracticeChat.objects.filter(volunteer__username__startswith="talker").order_by("id"))[::2]
answer = [chat.delete()[0] for chat in chats]
"""
FROZEN = "SELECT count(*) FROM peersupport_job WHERE status = 'running' AND worker LIKE '%:{pid}/%'"
OPEN = "SELECT count(*) FROM peersupport_job WHERE lane = 'live' AND status IN ('queued', 'running')"


def freeze(place: Place, pid: int) -> int:
    """Stop a worker in the middle of jobs; returns how many it holds."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        [(held,)] = place.rows(FROZEN.format(pid=pid))
        if held or not place.rows(OPEN)[0][0]:
            return held
        os.kill(pid, signal.SIGCONT)
        time.sleep(random.random() * 0.02)


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    port = place.start_web()
    talkers = Talkers(place, port, 4).start(each=max(10, count // 20))
    talkers.join()
    ids = place.ask(ENQUEUE.format(count=count))
    delivered = place.ask(DELIVER.format(ids=ids)) if place.runner == SERVICES else 0
    erased = len(place.ask(ERASE))
    workers = [place.start_worker("live", number=number) for number in range(3)]
    place.start_sweeper()
    while not place.rows("SELECT count(*) FROM faults_effect")[0][0]:
        time.sleep(0.02)
    held = freeze(place, workers[0].pid)
    ends = time.monotonic() + 120
    while place.rows(OPEN)[0][0] and time.monotonic() < ends:
        time.sleep(0.1)
    os.kill(workers[0].pid, signal.SIGCONT)
    time.sleep(3)
    [(effects, jobs)] = place.rows("SELECT count(*), count(DISTINCT job_id) FROM faults_effect")
    [(taggings, pairs)] = place.rows(
        "SELECT count(*), count(DISTINCT CAST(message_id AS text) || version) FROM skills_tagging"
    )
    [(waiting,)] = place.rows("SELECT count(*) FROM peersupport_message WHERE turn = 'pending'")
    [(orphans,)] = place.rows(
        "SELECT count(*) FROM peersupport_message m WHERE NOT EXISTS "
        "(SELECT 1 FROM peersupport_practicechat c WHERE c.id = m.chat_id)"
    )
    return [
        Figure("deliveries of the broker for these jobs", delivered),
        Figure("jobs done", jobs, "", count, at_least=True),
        Figure("effects beyond one a job", effects - jobs, "", 0),
        Figure("rows beyond one per message and version", taggings - pairs, "", 0),
        Figure("messages without tags at the end", waiting, "", 0),
        Figure("chats erased before delivery", erased, "", 1, at_least=True),
        Figure("rows written for erased chats", orphans, "", 0),
        Figure("jobs held by the frozen worker", held, "", 1, at_least=True),
    ]
