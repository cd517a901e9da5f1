"""`make bench`: the main job's figures on this machine, each against its limit.

Exit code 1 when a limit is missed. Run it on an idle machine: waiting times are absolute.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import reports_ready
from bench.app import ROOT, App, Volunteer
from bench.lines import LINES
from bench.tagger.report import ALONE_MS, DIFFERENCE, MEMORY_MB, RATIO

TURNS = 40
TOGETHER, TURNS_TOGETHER, THINK_SECONDS = 20, 8, 4.0
REPORTS = 20
COACHES = {"authored lines": "", "coach-mini": "coach-mini"}
BATCH_MESSAGES = 15_000  # more than a worker re-tags while the turns are measured


class Sheet:
    """Collects rows and prints them as they come."""

    def __init__(self) -> None:
        self.missed = 0
        print(f"{'figure':74} {'value':>12} {'limit':>12}  verdict")

    def add(
        self, name: str, value: float, unit: str, limit: float | None = None, *, at_least: bool = False
    ) -> None:
        kept = limit is None or (value >= limit if at_least else value <= limit)
        verdict = "" if limit is None else ("ok" if kept else "MISSED")
        self.missed += verdict == "MISSED"
        bound = "" if limit is None else f"{limit:g} {unit}"
        print(f"{name:74} {value:>8.2f} {unit:3} {bound:>12}  {verdict}", flush=True)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def sent_to_tags(volunteer: Volunteer, turns: int, *, think: float = 0.2) -> list[float]:
    """Seconds from sending each message until its tags arrive in the event stream; `think` seconds, give or
    take a half, between two messages."""
    waits = []
    path = volunteer.start_chat()
    stream = volunteer.follow(path)
    sent: dict[str, float] = {}
    arrived = threading.Semaphore(0)

    def listen() -> None:
        for html in stream.events():
            if 'data-turn="done"' in html and sent:
                waits.append(time.monotonic() - sent.pop("at"))
                arrived.release()

    threading.Thread(target=listen, daemon=True).start()
    for number in range(turns):
        sent["at"] = time.monotonic()
        volunteer.say(path, LINES[number % len(LINES)])
        if not arrived.acquire(timeout=30):
            raise RuntimeError("no tags within 30 s")
        time.sleep(think * random.uniform(0.5, 1.5))
    return waits


def together(app: App) -> list[float]:
    """The same of many people at once, each signed in on their own and in a chat of their own."""
    people = [Volunteer(app, "vera") for _ in range(TOGETHER)]
    with ThreadPoolExecutor(TOGETHER) as pool:
        found = pool.map(lambda person: sent_to_tags(person, TURNS_TOGETHER, think=THINK_SECONDS), people)
        return [wait for waits in found for wait in waits]


def report_waits(sheet: Sheet, title: str, waits: list[float]) -> None:
    sheet.add(f"{title}: p50", statistics.median(waits), "s")
    sheet.add(f"{title}: p95 of {len(waits)}", percentile(waits, 0.95), "s", 1.0)


def main() -> int:
    sheet = Sheet()
    with tempfile.TemporaryDirectory() as folder:
        app = App(Path(folder))
        sheet.add("first start (migrate, demo data) to ready", app.start(), "s")
        sheet.add("Ctrl-C to all stopped", app.stop(), "s", 10)
        sheet.add("start (installed, data there) to ready", app.start(), "s", 10)
        try:
            volunteer = Volunteer(app, "vera")
            report_waits(sheet, "sent -> tags, quiet", sent_to_tags(volunteer, TURNS))
            report_waits(sheet, f"sent -> tags, {TOGETHER} volunteers at once", together(app))
            app.run_module("bench.fill", str(BATCH_MESSAGES))
            app.manage("retag")
            report_waits(sheet, "sent -> tags, batch job running", sent_to_tags(volunteer, TURNS))
            still = not app.manage("retag", "--status").startswith("done")
            sheet.add("batch job over before the end (0 = no)", float(not still), "", 0)
            sheet.add("web process memory", app.web_memory_mb(), "MiB", 150)
        finally:
            app.stop()
        for title, model in COACHES.items():
            bench_reports(sheet, Path(folder), title, model)
        bench_tagger(sheet, Path(folder))
        bench_analyse(sheet, Path(folder))
    return 1 if sheet.missed else 0


def bench_reports(sheet: Sheet, folder: Path, title: str, model: str) -> None:
    app = App(folder, COACH_MODEL=model)
    app.start()
    try:
        waits, worded = reports_ready.waits(Volunteer(app, "vera"), REPORTS)
    finally:
        app.stop()
    title = f"chat of 20 messages over -> report, {title}"
    sheet.add(f"{title}: p50", statistics.median(waits), "s")
    sheet.add(f"{title}: p95 of {len(waits)}", percentile(waits, 0.95), "s")
    sheet.add(f"{title}: replies worded by a model", worded, "", 1 if model else None, at_least=True)


def bench_tagger(sheet: Sheet, folder: Path) -> None:
    """The quick form of `python -m bench.tagger`, which says more."""
    file = folder / "tagger.json"
    command = [sys.executable, "-m", "bench.tagger", "--quick", "--json", str(file)]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    part = json.loads(file.read_text())["threads"]["1"]
    ours, ratio = part["ours"], part["ratio"]
    sheet.add("tagger, one thread, messages a second", ours["per_second"], "/s")
    sheet.add("tagger, times the rate of fp32 transformers", ratio["pipeline"], "x", RATIO, at_least=True)
    sheet.add("tagger, times the rate of sentence-transformers", ratio["sentence"], "x")
    sheet.add("tagger, one message alone: p95", ours["alone_ms_p95"], "ms", ALONE_MS)
    sheet.add("tagger, probabilities in any batch differ by", ours["largest_difference"], "", DIFFERENCE)
    sheet.add("tagger, peak memory", ours["memory_mb"], "MB", MEMORY_MB)


def bench_analyse(sheet: Sheet, folder: Path) -> None:
    began = time.monotonic()
    command = ["manage.py", "analyse", "--input", "docs/samples/transcript.csv"]
    subprocess.run([sys.executable, *command, "--output", str(folder / "report.json")], cwd=ROOT, check=True)
    sheet.add("analyse, 100-message transcript, whole command", time.monotonic() - began, "s")


if __name__ == "__main__":
    sys.exit(main())
