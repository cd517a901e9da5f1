"""Each message of the broker delivered 2 to 5 times, shuffled, to three workers; some after an erasure,
and one worker frozen in the middle of its jobs until another has done them.

Embedded workers get no messages, and so nothing twice: there it is the frozen worker, three that ask for the
same rows at once, and the jobs of erased chats. What the database itself refuses (a second tagging of a
message by a version, a message without its chat) is not counted here.
"""

from __future__ import annotations

import os
import random
import signal
import time

from bench.promises.place import BOTH, EMBEDDED, Place
from bench.promises.sheet import Figure
from bench.promises.talking import Talkers

NUMBER = 8
TITLE = "doubled, reordered and late deliveries are harmless"
TITLES = {EMBEDDED: "late workers and jobs of erased chats are harmless"}
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
"""
ERASE = """
from peersupport.practice.models import PracticeChat
chats = list(PracticeChat.objects.filter(volunteer__username__startswith="talker").order_by("id"))[::2]
answer = [chat.ordering_key for chat in chats]
for chat in chats:
    chat.delete()
"""
TURNS = "FROM peersupport_job WHERE kind = 'turn' AND ordering_key IN ({keys})"
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


def deliver(place: Place, count: int) -> list[Figure]:
    """So many jobs, and each message about them at the broker several times over."""
    broker = place.redis.client() if place.redis else None
    before = broker.llen("live") if broker else 0
    ids = place.ask(ENQUEUE.format(count=count))
    if not broker:
        return []
    place.ask(DELIVER.format(ids=ids))
    waiting = broker.llen("live") - before
    return [Figure("messages at the broker for these jobs", waiting, "", 2 * count, at_least=True)]


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    port = place.start_web()
    talkers = Talkers(place, port, 4).start(each=max(10, count // 20))
    talkers.join()
    delivered = deliver(place, count)
    erased = place.ask(ERASE)
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
    [(waiting,)] = place.rows("SELECT count(*) FROM peersupport_message WHERE turn = 'pending'")
    [(told,)] = place.rows(
        "SELECT count(*) FROM (SELECT message_id FROM peersupport_chatevent WHERE kind = 'turn' "
        "GROUP BY message_id HAVING count(*) > 1) AS d"
    )
    of_erased = TURNS.format(keys=", ".join(f"'{key}'" for key in erased))
    [(late,)] = place.rows(f"SELECT count(*) {of_erased}")
    [(wrong,)] = place.rows(f"SELECT count(*) {of_erased} AND (status != 'done' OR error != '')")
    return [
        *delivered,
        Figure("jobs done", jobs, "", count, at_least=True),
        Figure("effects beyond one a job", effects - jobs, "", 0),
        Figure("turns told twice", told, "", 0),
        Figure("messages without tags at the end", waiting, "", 0),
        Figure("chats erased before their jobs ran", len(erased), "", 1, at_least=True),
        Figure("turn jobs of erased chats", late, "", 1, at_least=True),
        Figure("of them not done, or with an error", wrong, "", 0),
        Figure("jobs held by the frozen worker", held, "", 1, at_least=True),
    ]
