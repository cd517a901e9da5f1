"""Re-tag a whole database in the batch worker of a running application, and kill that worker half way.

python -m bench.retag [--messages 20000] [--large 200000] [--on embedded|services] [--write]

Prints messages a second and the hours for a million, whether the cost is linear, what is lost or doubled
after the kill, and how long a volunteer beside it waits for tags. `--write` keeps it in docs/retagging.json
and writes docs/retagging.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil

from bench.app import ROOT, App, Volunteer
from bench.lines import LINES
from bench.load.watch import cpu_seconds, role
from bench.promises.place import BOTH, Place, place
from bench.promises.sheet import percentile
from bench.servers import missing_programs

STORE, PAGE = ROOT / "docs" / "retagging.json", ROOT / "docs" / "retagging.md"
MILLION = 1_000_000
JOB = "SELECT status, attempts, checkpoint FROM peersupport_job WHERE kind = 'retag' ORDER BY id DESC LIMIT 1"
LEASE = 30  # as installed
QUIET, PAUSE = 30, 1.0
PARTS = 2_000
MOST_SECONDS = 6 * 3600


class Chatter(threading.Thread):
    """A volunteer who writes a message, waits for its tags, and pauses; `waits` has the seconds."""

    def __init__(self, app: App, pause: float) -> None:
        super().__init__(daemon=True)
        self.volunteer = Volunteer(app, "vera")
        self.path = self.volunteer.start_chat()
        self.stream = self.volunteer.follow(self.path)
        self.pause, self.waits, self.unanswered = pause, [], 0
        self.over = threading.Event()
        self.arrived = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while not self.over.is_set():
            with suppress(OSError, HTTPException):
                for html in self.stream.events():
                    if 'data-turn="done"' in html:
                        self.arrived.set()
            with suppress(OSError, HTTPException):
                if not self.over.is_set():  # a stream ends every few minutes, and a browser comes back
                    self.stream = self.volunteer.follow(self.path, after=self.stream.seq)

    def say(self, number: int) -> None:
        self.arrived.clear()
        began = time.monotonic()
        self.volunteer.say(self.path, f"{LINES[number % len(LINES)]} {uuid.uuid4().hex[:4]}")
        if self.arrived.wait(30):
            self.waits.append(time.monotonic() - began)
        else:
            self.unanswered += 1

    def run(self) -> None:
        number = 0
        while not self.over.wait(self.pause):
            self.say(number)
            number += 1


def job(where: Place) -> tuple[str, int, dict]:
    """(status, attempts, checkpoint) of the newest re-tagging job."""
    status, attempts, checkpoint = where.rows(JOB)[0]
    return status, attempts, checkpoint if isinstance(checkpoint, dict) else json.loads(checkpoint)


class BatchWorker:
    """The process that serves the batch lane, whichever it is now."""

    def __init__(self, app: App) -> None:
        self.starter = psutil.Process(app.process.pid)
        self.process: psutil.Process | None = None

    def cpu(self) -> float:
        """Its CPU seconds; 0 while there is none."""
        try:
            if self.process is None or not self.process.is_running():
                found = [one for one in self.starter.children(recursive=True) if role(one) == "worker batch"]
                self.process = found[0] if found else None
            return cpu_seconds(self.process) if self.process else 0.0
        except psutil.NoSuchProcess:
            return 0.0

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process = None


def follow(where: Place, app: App, total: int) -> dict[str, Any]:
    """Watch the job to its end and kill its worker half way. `points`: (seconds, CPU seconds of the worker,
    messages done), without the gap in which nobody worked on messages."""
    worker, began, points = BatchWorker(app), time.monotonic(), []
    killed = gap = None
    without = (0.0, 0.0)  # what the gap took
    while True:
        status, attempts, state = job(where)
        now, cpu, done = time.monotonic() - began, worker.cpu(), state.get("done", 0)
        if killed and gap is None and done > killed[2]:
            gap = now - killed[0]
            without = (gap, cpu - killed[1])
        if (gap is not None or not killed) and cpu:
            points.append((now - without[0], cpu - without[1], done))
        if status not in ("queued", "running"):
            return {"points": points, "gap": gap, "status": status, "attempts": attempts, "done": done}
        if not killed and done >= total // 2:
            worker.kill()
            killed = (now, cpu, job(where)[2].get("done", 0))
        if now > MOST_SECONDS:
            raise RuntimeError("the job did not end")
        time.sleep(0.1)


def fit(points: list[tuple[float, int]]) -> dict[str, Any]:
    """Messages a second over all, in each fifth of the messages, and how straight the line is."""
    moving = [point for point in points if point[1] > 0]
    seconds, done = [point[0] for point in moving], [point[1] for point in moving]

    def at(count: float) -> float:
        """When so many were done."""
        for (t0, n0), (t1, n1) in itertools.pairwise(moving):
            if n0 <= count <= n1 and n1 > n0:
                return t0 + (t1 - t0) * (count - n0) / (n1 - n0)
        return seconds[-1]

    marks = [done[0] + (done[-1] - done[0]) * k / 5 for k in range(6)]
    fifths = [(b - a) / max(1e-9, at(b) - at(a)) for a, b in itertools.pairwise(marks)]
    rate = (done[-1] - done[0]) / max(1e-9, at(marks[-1]) - at(marks[0]))
    return {
        "rate": rate,
        "fifths": fifths,
        "largest_deviation": max(abs(fifth / rate - 1) for fifth in fifths),
        "r_squared": statistics.correlation(seconds, done) ** 2,
    }


def measure(where: Place, messages: int, *, large: int = 0, lease: int = LEASE, quiet: int = QUIET) -> dict:
    where.env["LOG_LEVEL"] = "WARNING"
    where.migrate()
    where.ask(f"from bench import retag_inside\nanswer = retag_inside.fill({messages})")
    before = inside(where, "kept()")
    settings = {"DJANGO_SETTINGS_MODULE": "peersupport.settings", "JOB_LEASE_SECONDS": str(lease)}
    app = where.app(LOG_LEVEL="WARNING", **settings)
    app.start()
    try:
        alone = Chatter(app, PAUSE)
        for number in range(quiet):
            alone.say(number)
            time.sleep(PAUSE / 5)
        alone.over.set()
        beside = Chatter(app, PAUSE)
        app.manage("retag")
        beside.start()
        run = follow(where, app, messages)
        beside.over.set()
        beside.join(40)
    finally:
        app.stop()
    points = run.pop("points")
    wall = fit([(seconds, done) for seconds, _, done in points])
    found = {
        "messages": messages,
        **wall,
        "hours_for_a_million": MILLION / wall["rate"] / 3600,
        "cpu": fit([(cpu, done) for _, cpu, done in points]),
        **run,
        "lease": lease,
        "waits_alone": waits(alone),
        "waits_beside": waits(beside),
        "after": inside(where, "count()"),
        "parts": [inside(where, f"parts({min(PARTS, messages // 2)})")],
    }
    found["old_tags_changed"] = found["after"].pop("kept") != before
    if large > messages:
        inside(where, f"fill({large - messages}, 2)")
        inside(where, "take_as_tagged()")
        found["parts"].append(inside(where, f"parts({PARTS})"))
    return found


def inside(where: Place, call: str) -> Any:
    return where.ask(f"from bench import retag_inside\nanswer = retag_inside.{call}")


def waits(chatter: Chatter) -> dict[str, float]:
    return {
        "n": len(chatter.waits),
        "p50": percentile(chatter.waits, 0.5),
        "p95": percentile(chatter.waits, 0.95),
        "max": max(chatter.waits, default=float("nan")),
        "without_tags": chatter.unanswered,
    }


def lines(row: dict) -> list[tuple[str, str]]:
    """A measurement as (figure, value)."""
    after, alone, beside = row["after"], row["waits_alone"], row["waits_beside"]
    fifths = " · ".join(f"{fifth:.1f}" for fifth in row["fifths"])
    cpu = row["cpu"]
    cpu_fifths = " · ".join(f"{1000 / fifth:.2f}" for fifth in cpu["fifths"])
    found = [
        ("messages re-tagged", f"{row['messages']:,}"),
        ("messages a second", f"{row['rate']:.1f}"),
        ("for 1,000,000 messages", f"{row['hours_for_a_million']:.1f} hours"),
        ("messages a second in each fifth", fifths),
        ("largest deviation of a fifth from the mean", f"{row['largest_deviation']:.0%}"),
        ("R² of messages done over time", f"{row['r_squared']:.4f}"),
        ("CPU of the worker a message, ms", f"{1000 / cpu['rate']:.2f}"),
        ("CPU a message in each fifth, ms", cpu_fifths),
        ("largest deviation of a fifth's CPU from the mean", f"{cpu['largest_deviation']:.0%}"),
        ("R² of messages done over CPU", f"{cpu['r_squared']:.4f}"),
        (
            f"kill -9 of the batch worker half way: went on after (lease {row['lease']} s)",
            f"{row['gap']:.1f} s",
        ),
        (
            "lost / doubled / old tags still current",
            f"{after['lost']} / {after['doubled']} / {after['old_current']}",
        ),
        ("old tags changed", "yes" if row["old_tags_changed"] else "no"),
        ("tags other than those of the message alone", f"{after['different']} of {after['sample']}"),
    ]
    for name, wait in (("a volunteer alone", alone), ("a volunteer beside it", beside)):
        figures = f"{wait['p50']:.3f} / {wait['p95']:.3f} / {wait['max']:.3f} s (n {wait['n']})"
        found.append((f"sent -> tags, {name}: p50 / p95 / max", figures))
    found.append(("messages beside it without tags after 30 s", str(beside["without_tags"])))
    for part in row["parts"]:
        where = f"with {part['in_database']:,} messages in the database"
        slice_ = f"{part['tagger_ms_a_slice']:.0f} ms tagger, {part['rest_ms_a_slice']:.0f} ms all else"
        write = f"{part['transaction_ms_p50']:.0f} / {part['transaction_ms_p99']:.0f}"
        found.append((f"a slice of 16, {where}", f"{slice_} ({part['tagger_share']:.0%} tagger)"))
        found.append(
            (f"its transaction, {where}: p50 / p99 / max", f"{write} / {part['transaction_ms_max']:.0f} ms")
        )
    return found


TEXT = """# Re-tagging, measured

Made by `python -m bench.retag --write`; do not edit. A database of chats with 12 own messages each (texts:
our own examples), tagged by an earlier version, is tagged again by the version that serves, in the batch
worker of a running application: a niced process, one thread. All the while a volunteer chats beside it.
Half way the worker is killed with SIGKILL; rates leave out the gap until another went on. *services*:
PostgreSQL (commits reach the disk), Redis and Celery workers; *embedded*: SQLite and polling workers.

A cost in proportion to the messages shows in three ways: the rate and the worker's CPU time for a message
are the same in each fifth of the run, and a slice costs the same where the database holds more. Other work
on the machine changes the rate, and the CPU time far less. "All else" is the database and Python. One job
runs at a time: more batch workers do not make it faster.
"""


def page(rows: dict[str, dict]) -> str:
    parts = [TEXT]
    for runner, row in sorted(rows.items(), reverse=True):
        table = "\n".join(f"| {name} | {value} |" for name, value in lines(row))
        parts.append(f"## {runner}\n\n{row['machine']}\n\n| figure | value |\n| --- | --- |\n{table}\n")
    return "\n".join(parts)


def machine() -> str:
    memory = round(psutil.virtual_memory().total / 2**30)
    python, day = platform.python_version(), time.strftime("%Y-%m-%d")
    return f"{os.cpu_count()} cores, {memory} GiB, Python {python}, {day}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure re-tagging a whole database.")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=200_000, help="time a slice again with so many; 0: not")
    parser.add_argument("--on", choices=BOTH, help="only on this runner")
    parser.add_argument("--write", action="store_true", help="write docs/retagging.md and .json")
    options = parser.parse_args()
    if (missing := missing_programs()) and options.on != "embedded":
        parser.error(f"not installed: {', '.join(missing)}. Install them, or say --on embedded")
    rows = json.loads(STORE.read_text()) if STORE.exists() else {}
    for runner in BOTH:
        if options.on not in (None, runner):
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, place(runner, Path(folder), fsync=True) as where:
            row = measure(where, options.messages, large=options.large)
        rows[runner] = {**row, "machine": machine()}
        print(f"\n{runner}, {time.monotonic() - began:.0f} s in all")
        for name, value in lines(row):
            print(f"   {name:66} {value}", flush=True)
    if options.write:
        STORE.write_text(json.dumps(rows, indent=1) + "\n")
        PAGE.write_text(page(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
