"""Exports at size: `python -m bench.exports [rows] [csv|xlsx|jsonl ...]` (100,000 tag rows by default).

Fills a database of its own with so many tags, writes each format in a process of its own as a worker does,
and prints rows a second (by the clock, and by the time that the core gave it: the figure to compare on a
busy machine), size and peak memory. What it was read from is compared with what it reads back
(CSV and JSON lines: every row; XLSX: as many as it says).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROWS, FORMATS = 100_000, ("csv", "jsonl", "xlsx")
TAGS_A_MESSAGE, MESSAGES_A_CHAT = 4, 25
LIMIT_MIB = 300


def fill(rows: int) -> None:
    from django.utils import timezone

    from peersupport.people import consents
    from peersupport.people.models import User
    from peersupport.practice import scenarios
    from peersupport.practice.models import Message, PracticeChat, Scenario
    from skills import packing
    from skills.models import SkillTag, Tagging
    from skills.taxonomy import CODES

    scenarios.sync()
    scenario = Scenario.objects.filter(active=True).first()
    people = [
        User.objects.create_user(username=f"v{number}", password="x", role="volunteer")
        for number in range(20)
    ]
    for person in people:
        consents.choose(person, agreed=["research"])
    User.objects.create_user(username="admin", password="x", role="admin", may_export_full=True)
    packed, left, number = packing.pack(dict.fromkeys(CODES, 0.5)), rows, 0
    while left > 0:
        chats = PracticeChat.objects.bulk_create(
            PracticeChat(
                volunteer=people[(number + n) % 20], scenario=scenario, seed=n, status="ended",
                ended_at=timezone.now(),
            )
            for n in range(100)
        )  # fmt: skip
        messages = Message.objects.bulk_create(
            Message(
                chat=chat, index=n + 1, role="counselor", text="=You kept going.", idempotency_key=str(n),
                turn="done",
            )
            for chat in chats for n in range(MESSAGES_A_CHAT)
        )  # fmt: skip
        taggings = Tagging.objects.bulk_create(
            Tagging(message=message, version="bench", probabilities=packed) for message in messages
        )
        tags = [
            SkillTag(tagging=tagging, code=code, probability=0.7, start=0, end=16)
            for tagging in taggings
            for code in CODES[:TAGS_A_MESSAGE]
        ][:left]
        SkillTag.objects.bulk_create(tags, batch_size=5000)
        left, number = left - len(tags), number + 100


def write(form: str) -> dict:
    """In a process of its own, so that its peak is the worker's."""
    from feedback.exports import files, job
    from feedback.models import Export
    from peersupport.people.models import User

    admin = User.objects.get(username="admin")
    export = Export.objects.create(by=admin, table="tags", format=form, bom=form == "csv")
    looks: list[float] = []
    began, worked = time.monotonic(), time.process_time()
    rows = job.write(export, look=looks.append)
    seconds, worked = time.monotonic() - began, time.process_time() - worked
    size = files.part_of(export.pk).stat().st_size
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    return {
        "format": form, "rows": rows, "seconds": round(seconds, 1), "rows_per_second": round(rows / seconds),
        "rows_per_core_second": round(rows / worked),
        "peak_mib": round(peak), "size_mib": round(size / 2**20, 1), "looks": len(looks),
        "path": str(files.part_of(export.pk)),
    }  # fmt: skip


def same(form: str, path: str) -> bool:
    """Whether the file holds just what the database does."""
    from itertools import zip_longest

    from feedback.exports import writers
    from feedback.exports.names import Names
    from feedback.exports.tables import TABLES

    found = writers.read_back(Path(path))
    next(found)
    if form == "xlsx":
        return sum(1 for _ in found) == TABLES["tags"].rows_held().count()
    rows = (row for block in TABLES["tags"].rows(Names(full=False), labelled=False) for row in block)
    for mine, kept in zip_longest(rows, found):
        cells = [writers.cell(value) for value in mine or ()]
        if (["" if value is None else str(value) for value in cells] if form == "csv" else cells) != kept:
            return False
    return True


def main(rows: int, formats: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "DATA_DIR": folder, "LOG_LEVEL": "WARNING"}
        env.pop("DATABASE_URL", None)

        def python(*arguments: str) -> str:
            command = [sys.executable, *arguments]
            done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
            return done.stdout

        python("manage.py", "migrate", "-v", "0")
        began = time.monotonic()
        python("-m", "bench.exports", "--fill", str(rows))
        print(f"{rows:,} tag rows made in {time.monotonic() - began:.0f} s")
        for form in formats:
            found = json.loads(python("-m", "bench.exports", "--write", form))
            equal = python("-m", "bench.exports", "--same", form, found["path"]).strip() == "True"
            verdict = "kept" if found["peak_mib"] <= LIMIT_MIB and equal else "BROKEN"
            print(
                f"{form:5} {found['rows']:>9,} rows  {found['rows_per_second']:>7,} rows/s  "
                f"{found['rows_per_core_second']:>7,} a core-second  "
                f"{found['seconds']:>6} s  peak {found['peak_mib']} MiB (≤ {LIMIT_MIB})  "
                f"{found['size_mib']} MiB  read back {'equal' if equal else 'DIFFERENT'}  {verdict}",
                flush=True,
            )
            Path(found["path"]).unlink()


def _inside(arguments: list[str]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "peersupport.settings"
    import django

    django.setup()
    what, *rest = arguments
    if what == "--fill":
        fill(int(rest[0]))
    elif what == "--write":
        print(json.dumps(write(rest[0])))
    else:
        print(same(*rest))


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].startswith("--"):
        _inside(sys.argv[1:])
    else:
        main(int((sys.argv[1:2] or [ROWS])[0]), tuple(sys.argv[2:]) or FORMATS)
