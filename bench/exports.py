"""Exports at size: `python -m bench.exports [rows] [csv|xlsx|jsonl ...] [--against FOLDER] [--write]`.

Fills a database of its own with so many tags (100,000 by default), writes each format in a process of its own
as a worker does, and prints rows a second (by the clock, and by the time that the core gave it: the figure to
compare on a busy machine), size and peak memory. Every row of what was written is read back and compared.
`--against` writes the same tags as CSV with django-import-export in the same run (bench/exports_against.py).
`--write` puts the figures into docs/exports_speed.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "exports_speed.md"
ROWS, FORMATS = 100_000, ("csv", "jsonl", "xlsx")
TAGS_A_MESSAGE, MESSAGES_A_CHAT = 4, 25
LIMIT_MIB = 300
LIMIT_TIMES = 5  # as fast as django-import-export


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
    path = files.part_of(export.pk)
    rows = job.write(export, part=path, look=looks.append)
    seconds, worked = time.monotonic() - began, time.process_time() - worked
    return {
        "rows": rows, "seconds": seconds, "worked": worked, "peak_mib": peak_mib(), "path": str(path),
        "size_mib": path.stat().st_size / 2**20,
    }  # fmt: skip


def against(folder: str) -> dict:
    """As `write`, by the other program."""
    from django.conf import settings

    from bench import exports_against

    path = Path(settings.DATA_DIR) / "against.csv"
    found = exports_against.write(folder, path)
    return {**found, "peak_mib": peak_mib(), "path": str(path), "size_mib": path.stat().st_size / 2**20}


def peak_mib() -> float:
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def same(form: str, path: str) -> bool:
    """Whether the file holds just what the database does, row by row and cell by cell."""
    from itertools import zip_longest

    from feedback.exports import writers
    from feedback.exports.names import Names
    from feedback.exports.tables import TABLES

    def as_kept(value):
        value = writers.cell(value)
        if form == "csv":
            return "" if value is None else str(value)
        return None if form == "xlsx" and value == "" else value  # a sheet has no empty text

    found = writers.read_back(Path(path))
    next(found)
    rows = (row for block in TABLES["tags"].rows(Names(full=False), labelled=False) for row in block)
    return all(
        [as_kept(value) for value in mine or ()] == list(kept or ())
        for mine, kept in zip_longest(rows, found)
    )


def main(rows: int, formats: tuple[str, ...], other: str | None, keep: bool) -> int:
    """Exit code 1 where a verdict is BROKEN or MISSED, which a file that reads back DIFFERENT makes it."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "DATA_DIR": folder, "LOG_LEVEL": "WARNING"}
        env.pop("DATABASE_URL", None)

        def python(*arguments: str) -> str:
            command = [sys.executable, *arguments]
            done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
            return done.stdout

        def told(*arguments: str) -> dict:
            return json.loads(python("-m", "bench.exports", *arguments))

        python("manage.py", "migrate", "-v", "0")
        began = time.monotonic()
        python("-m", "bench.exports", "--fill", str(rows))
        print(f"{rows:,} tag rows made in {time.monotonic() - began:.0f} s", flush=True)
        lines, ours = [], None
        for form in formats:
            found = told("--make", form)
            equal = python("-m", "bench.exports", "--same", form, found["path"]).strip() == "True"
            kept = found["peak_mib"] <= LIMIT_MIB and equal
            lines.append(_line(form, found, "equal" if equal else "DIFFERENT", kept))
            print(lines[-1], flush=True)
            Path(found["path"]).unlink()
            ours = found if form == "csv" else ours
        if other and ours:
            theirs = told("--other", str(Path(other).resolve()))
            lines.append(_line(f"CSV by django-import-export {theirs['version']}", theirs, "–", None))
            lines.append(_times(ours, theirs))
            print("\n".join(lines[-2:]), flush=True)
        if keep:
            _keep(rows, lines)
    return exit_code(lines)


def exit_code(lines: list[str]) -> int:
    return int(any(bad in line for line in lines for bad in ("BROKEN", "DIFFERENT", "MISSED")))


def _line(name: str, found: dict, equal: str, kept: bool | None) -> str:
    verdict = {True: "kept", False: "BROKEN", None: "–"}[kept]
    return (
        f"| {name} | {found['rows']:,} | {found['rows'] / found['seconds']:,.0f} | "
        f"{found['rows'] / found['worked']:,.0f} | {found['seconds']:.0f} | {found['peak_mib']:.0f} | "
        f"{found['size_mib']:.1f} | {equal} | {verdict} |"
    )


def _times(ours: dict, theirs: dict) -> str:
    times = {
        what: (ours["rows"] / ours[what]) / (theirs["rows"] / theirs[what]) for what in ("seconds", "worked")
    }
    verdict = "kept" if min(times.values()) >= LIMIT_TIMES else "MISSED"
    return (
        f"\nOur CSV: {times['seconds']:.1f} times as many rows a second as django-import-export by the "
        f"clock, {times['worked']:.1f} times by core-seconds (at least {LIMIT_TIMES}): {verdict}."
    )


def _keep(rows: int, lines: list[str]) -> None:
    """This run's table into the page, in the place of an earlier one of as many rows."""
    head = f"## {rows:,} tag rows"
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
    runs = page.split("\n## ")[1:]
    kept = [run for run in runs if f"## {run}".split("\n", 1)[0] != head]
    kept.append("\n".join([head[3:], "", *TABLE, *lines, ""]))
    kept.sort(key=lambda run: int(run.split(" ", 1)[0].replace(",", "")))
    PAGE.write_text("\n## ".join([HEAD, *kept]), encoding="utf-8")


HEAD = f"""# How fast exports are written

Made by `python -m bench.exports ROWS FORMATS --write`; do not edit. The tags of a database of its own
(SQLite), each format in a process of its own as a worker writes it, block by block. *Rows a core-second*
leaves out what other programs took of the machine meanwhile. Peak memory is of the whole process, at most
{LIMIT_MIB} MiB; *read back* compares every cell with the database.
"""
TABLE = (
    "| format | rows | rows/s | rows a core-second | seconds | peak MiB | file MiB | read back | verdict |",
    "|---|---|---|---|---|---|---|---|---|",
)


def _inside(arguments: list[str]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "peersupport.settings"
    import django

    django.setup()
    what, *rest = arguments
    if what == "--fill":
        fill(int(rest[0]))
    elif what == "--make":
        print(json.dumps(write(rest[0])))
    elif what == "--other":
        print(json.dumps(against(rest[0])))
    else:
        print(same(*rest))


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("--fill", "--make", "--other", "--same"):
        _inside(sys.argv[1:])
    else:
        parser = argparse.ArgumentParser(prog="bench.exports", description=__doc__)
        parser.add_argument("rows", type=int, nargs="?", default=ROWS)
        parser.add_argument("formats", nargs="*", default=FORMATS)
        parser.add_argument("--against", metavar="FOLDER", help="where django-import-export was installed to")
        parser.add_argument("--write", action="store_true", help="put the figures into docs/exports_speed.md")
        given = parser.parse_args()
        sys.exit(main(given.rows, tuple(given.formats), given.against, given.write))
