"""A transaction that fails after it enqueued leaves no job row and no message at the broker."""

from __future__ import annotations

from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure

NUMBER = 9
TITLE = "work is enqueued only after the commit"
RUNNERS = BOTH
SMALL, FULL = 50, 1000
REGRET = """
from django.db import transaction
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.people.models import User
from peersupport.practice import chats
from peersupport.practice.models import Message, PracticeChat, Scenario
class Regret(Exception):
    pass
vera, scenario = User.objects.get(username="vera"), Scenario.objects.filter(active=True).first()
chat = chats.start_chat(vera, scenario)
before = Job.objects.count(), Message.objects.count()
raised = 0
for number in range({count}):
    try:
        with transaction.atomic():
            queue.enqueue("effect_live", 1)
            chats.post_message(chat, text="I hear you", key=str(number))
            raise Regret
    except Regret:
        raised += 1
answer = [raised, Job.objects.count() - before[0], Message.objects.count() - before[1]]
"""


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    if place.redis:
        place.redis.client().flushall()
    raised, jobs, messages = place.ask(REGRET.format(count=count))
    announced = []
    if place.redis:
        announced = [Figure("messages at the broker for them", place.redis.client().llen("live"), "", 0)]
    return [
        Figure("transactions that failed after enqueueing", raised, "", count, at_least=True),
        Figure("orphan jobs", jobs, "", 0),
        Figure("orphan messages of volunteers", messages, "", 0),
        *announced,
    ]
