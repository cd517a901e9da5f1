"""Who read, exported, changed or erased what leaves exactly one line; a changed log is found."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys

from bench.app import ROOT
from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure

NUMBER = 20
TITLE = "The audit log is complete and shows tampering"
RUNNERS = BOTH
SMALL, FULL = 15, 2000  # tries to change the sealed log unseen

TOUR = "from bench.promises import audit_tour\nanswer = audit_tour.run()"
TAMPER = "from bench.promises import p20_audit\nanswer = p20_audit.tamper({count})"
START = "import django, random, time; django.setup()\nfrom peersupport.audit import chain, log\n"
WRITE = """
from django.db import transaction
for _ in range({lines}):
    with transaction.atomic():
        log.record(None, "export")
        time.sleep(random.uniform(0, 0.02))
"""
SEAL = """
import pathlib
while not pathlib.Path({stop!r}).exists():
    chain.seal(limit=7)
    time.sleep(0.003)
"""
CHECK = """
import pathlib
answer, over = [0, 0], False
while not over:
    over = pathlib.Path({stop!r}).exists()
    answer = [answer[0] + 1, answer[1] + (chain.first_broken() is not None)]
"""


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    tour = place.ask(TOUR)
    for line in (*tour["wrong"], *sorted({f"not in the tour: {name}" for name in tour["unlisted"]})):
        print(f"   {line}")
    found = place.ask(TAMPER.format(count=count))
    return [
        Figure("acts that must leave a line", tour["due"], "", 1, at_least=True),
        Figure("with exactly that line", 100 * tour["exact"] / tour["due"], "%", 100, at_least=True),
        Figure("other answers", tour["quiet"]),
        Figure("of them with a line nevertheless", tour["noisy"], "", 0),
        Figure("addresses that take a POST and are not in the tour", len(tour["unlisted"]), "", 0),
        Figure("changed logs that were found", found["found"], "", found["tries"], at_least=True),
        Figure("alarms for an unchanged log", found["alarms"], "", 0),
        *_beside_writers(place, writers=3 if count <= SMALL else 10, lines=max(10, count // 40)),
    ]


def _beside_writers(place: Place, *, writers: int, lines: int) -> list[Figure]:
    """Two processes seal and one checks, while others write in transactions that overlap."""
    stop = place.folder / "stop"
    sealers = [place.start("-c", START + SEAL.format(stop=str(stop)), LOG_LEVEL="WARNING") for _ in range(2)]
    command = START + "import json\n" + CHECK.format(stop=str(stop)) + "print(json.dumps(answer), flush=True)"
    checker = subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={**place.env, "LOG_LEVEL": "WARNING"},
        stdout=subprocess.PIPE,
    )
    writing = [place.start("-c", START + WRITE.format(lines=lines)) for _ in range(writers)]
    failed = sum(process.wait() != 0 for process in writing)
    stop.touch()
    failed += sum(process.wait() != 0 for process in sealers)
    checks, alarms = json.loads(checker.communicate(timeout=60)[0])
    place.ask("from peersupport.audit import chain\nchain.seal(limit=100_000)")
    broken = place.ask("from peersupport.audit import chain\nanswer = chain.first_broken() is not None")
    query = "SELECT id FROM peersupport_auditevent ORDER BY position"
    ids = [row[0] for row in place.rows(query)]
    late = sum(a > b for a, b in itertools.pairwise(ids))
    return [
        Figure("processes that wrote or sealed and failed", failed, "", 0),
        Figure("checks while others wrote and sealed", checks, "", 1, at_least=True),
        Figure("false alarms of them, and of one at the end", alarms + broken, "", 0),
        Figure("lines sealed after a higher number", late),
    ]


def tamper(count: int, *, lines: int = 40, seed: int = 20) -> dict[str, int]:
    """Change a sealed log `count` times, each in a transaction that is taken back. Wants Django."""
    from django.db import transaction

    from peersupport.audit import chain, log
    from peersupport.audit.models import AuditEvent

    while AuditEvent.objects.count() < lines:
        log.record(None, "export")
    while chain.seal():
        pass
    source, found = random.Random(seed), 0
    alarms = chain.first_broken() is not None
    for _ in range(count):
        with transaction.atomic():
            source.choice(CHANGES)(source, AuditEvent.objects, chain.head().position)
            found += chain.first_broken() is not None
            transaction.set_rollback(True)
        alarms += chain.first_broken() is not None
    return {"tries": count, "found": found, "alarms": int(alarms)}


def _edit(source: random.Random, lines, length: int) -> None:
    name, value = source.choice(
        [("actor_id", 4711), ("verb", "nothing"), ("object_kind", "moon"), ("object_id", "-1"),
         ("hash", "0" * 64), ("previous_hash", "f" * 64), ("at", "2001-01-01T00:00:00Z")]
    )  # fmt: skip
    lines.filter(position=source.randint(1, length)).update(**{name: value})


def _delete(source: random.Random, lines, length: int) -> None:
    lines.filter(position=source.randint(1, length))._raw_delete("default")


def _delete_newest(source: random.Random, lines, length: int) -> None:
    lines.filter(position__gt=length - source.randint(1, length))._raw_delete("default")


def _insert(source: random.Random, lines, length: int) -> None:
    """A line of the editor's own in the place of another, those after it moved up by one."""
    at = source.randint(1, length)
    for line in lines.filter(position__gte=at).order_by("-position"):
        lines.filter(pk=line.pk).update(position=line.position + 1)
    before = lines.filter(position=at - 1).values_list("hash", flat=True).first() or "0" * 64
    lines.bulk_create([lines.model(verb="read", position=at, previous_hash=before, hash="a" * 64)])


def _swap(source: random.Random, lines, length: int) -> None:
    """Two lines change places; half of the time their hashes stay where they were."""
    one, other = source.sample(range(1, length + 1), 2)
    first, second = lines.get(position=one), lines.get(position=other)
    lines.filter(pk=first.pk).update(position=None)
    for line, place, twin in ((second, one, first), (first, other, second)):
        links = {"hash": twin.hash, "previous_hash": twin.previous_hash} if source.random() < 0.5 else {}
        lines.filter(pk=line.pk).update(position=place, **links)


CHANGES = (_edit, _edit, _delete, _delete_newest, _insert, _swap)
