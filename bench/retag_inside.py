"""What bench.retag does inside an installation: fill it, count afterwards, time the parts of the job."""

from __future__ import annotations

import hashlib
import random
import time
from typing import Any

EARLIER = "tagger-earlier"
OWN, BLOCK = 12, 100  # counselor messages a chat, between the seeker's; chats a block


def fill(count: int, seed: int = 1) -> dict[str, Any]:
    """Chats with `count` counselor messages that an earlier version tagged, two techniques each. Texts are
    our own examples, drawn again and again; the tags are drawn too."""
    from bench.again import messages
    from peersupport.people.models import User
    from peersupport.practice.models import Scenario

    said, chance = messages(min(count, 20_000)), random.Random(seed)
    volunteer, scenario = User.objects.get(username="paul"), Scenario.objects.filter(active=True).first()
    chats = -(-count // OWN)
    for start in range(0, chats, BLOCK):
        numbers = range(start, min(chats, start + BLOCK))
        sizes = [min(OWN, count - number * OWN) for number in numbers]
        texts = [chance.choices(said, k=size) for size in sizes]
        _chats(volunteer, scenario, texts, chance)
    return {"messages": count, "chats": chats}


def _chats(volunteer, scenario, texts: list[list], chance: random.Random) -> None:
    from django.db import transaction

    from peersupport.practice.models import Message, PracticeChat
    from skills import packing
    from skills.models import SkillTag, Tagging
    from skills.taxonomy import CODES

    with transaction.atomic():
        chats = PracticeChat.objects.bulk_create(
            PracticeChat(
                volunteer=volunteer, scenario=scenario, seed=1, status="ended", last_index=2 * len(said)
            )
            for said in texts
        )
        rows = [
            Message(chat=chat, index=index, role=role, text=text, idempotency_key=str(index), turn=turn)
            for chat, said in zip(chats, texts, strict=True)
            for place, item in enumerate(said)
            for index, role, text, turn in (
                (2 * place + 1, "seeker", item.previous, "none"),
                (2 * place + 2, "counselor", item.text, "done"),
            )
        ]
        own = [row for row in Message.objects.bulk_create(rows) if row.role == "counselor"]
        chances = packing.pack({code: chance.random() for code in CODES})
        taggings = Tagging.objects.bulk_create(
            Tagging(message=row, version=EARLIER, probabilities=chances) for row in own
        )
        SkillTag.objects.bulk_create(
            SkillTag(tagging=tagging, code=code, probability=0.75, start=0, end=4)
            for tagging in taggings
            for code in chance.sample(CODES, 2)
        )


def kept() -> str:
    """A digest of every tag of the earlier version."""
    from skills.models import SkillTag

    rows = SkillTag.objects.filter(tagging__version=EARLIER).order_by("pk")
    digest = hashlib.sha256()
    for row in rows.values_list(
        "pk", "tagging__message_id", "code", "probability", "start", "end"
    ).iterator():
        digest.update(repr(row).encode())
    return digest.hexdigest()


def count() -> dict[str, Any]:
    """After a run: what is missing, doubled, or other than the tagger says of the message alone."""
    from django.db.models import Count, Q

    from peersupport.practice.models import Message
    from skills import versions
    from skills.models import Tagging
    from skills.retag import with_previous
    from skills.tagger import load_tagger

    tagger = load_tagger()
    own = Message.objects.filter(role="counselor")
    filled = own.filter(taggings__version=EARLIER)
    holds = Q(taggings__current=True)
    numbered = own.annotate(holding=Count("pk", filter=holds), all=Count("taggings"))
    sample = list(filled.order_by("pk")[:: max(1, filled.count() // 200)])
    different = 0
    for message, result in zip(sample, tagger.tag(with_previous(sample)), strict=True):
        tagging = Tagging.objects.get(message=message, version=tagger.version)
        different += sorted(result.present) != sorted(tagging.tags.values_list("code", flat=True))
    return {
        "messages": filled.count(),
        "lost": versions.lacking(tagger.version),
        "doubled": numbered.exclude(holding=1).count() + numbered.filter(all__gt=2).count(),
        "old_current": Tagging.objects.filter(version=EARLIER, current=True).count(),
        "sample": len(sample),
        "different": different,
        "kept": kept(),
    }


def take_as_tagged() -> None:
    """Let what was filled in later count as tagged by the version that serves."""
    from skills import versions
    from skills.models import Tagging

    Tagging.objects.filter(version=EARLIER, current=True).update(version=versions.serving())


def parts(wanted: int) -> dict[str, float]:
    """Take the tags of so many messages for another version's, tag them again in this process, and time
    the tagger, the rest, and each transaction."""
    import threading

    from django.db import transaction

    from peersupport.jobs import queue, running
    from peersupport.jobs.models import Job
    from peersupport.practice.models import Message
    from skills import versions
    from skills.models import Tagging
    from skills.tagger import load_tagger

    tagger = load_tagger()
    tagger.embed(["warm"])
    Tagging.objects.filter(version="parts").delete()
    chosen = list(Message.objects.filter(role="counselor").order_by("chat_id").values_list("pk", flat=True))
    first = max(0, len(chosen) // 2 - wanted // 2)  # in the middle of the index
    chosen = chosen[first : first + wanted]
    for start in range(0, len(chosen), 500):
        some = Tagging.objects.filter(message__in=chosen[start : start + 500], current=True)
        some.update(version="parts")
    lacking = versions.lacking(tagger.version)
    spent, transactions, window = [], [], []

    def timed(inputs, tag=tagger.tag):
        began = time.perf_counter()
        window.append(began)
        try:
            return tag(inputs)
        finally:
            spent.append(time.perf_counter() - began)

    def over(began: float) -> None:
        window.append(time.perf_counter())
        transactions.append(window[-1] - began)

    class Timing(running.Context):
        def checkpoint(self, job, **fields):
            began = time.perf_counter()
            super().checkpoint(job, **fields)
            transaction.on_commit(lambda: over(began))

    Job.objects.filter(kind=versions.RETAG).delete()
    versions.start()
    tagger.tag = timed
    while jobs := queue.claim("batch", "parts"):
        running.run_claimed(jobs, Timing(threading.Event()))
    whole = window[-1] - window[0]  # without counting, and without looking for where there is work
    del tagger.tag
    ordered = sorted(transactions)
    return {
        "in_database": len(Message.objects.filter(role="counselor").values_list("pk")),
        "messages": lacking,
        "seconds": whole,
        "tagger_share": sum(spent) / whole,
        "rest_ms_a_slice": 1000 * (whole - sum(spent)) / len(transactions),
        "tagger_ms_a_slice": 1000 * sum(spent) / len(transactions),
        "transaction_ms_p50": 1000 * ordered[len(ordered) // 2],
        "transaction_ms_p99": 1000 * ordered[int(0.99 * (len(ordered) - 1))],
        "transaction_ms_max": 1000 * ordered[-1],
    }
