"""Measure the load: `python -m bench.load [--volunteers 20 100 500] [--on services|embedded] [--write]`."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import psutil

from bench.app import ROOT
from bench.load import afterwards, page
from bench.load.people import SIGN_IN
from bench.load.watch import Watch, wait_until_quiet
from bench.promises.place import BOTH, EMBEDDED, SERVICES, Place, place
from bench.promises.sheet import percentile
from bench.servers import missing_programs

COUNTS = {SERVICES: (20, 100, 500), EMBEDDED: (20, 100)}
MOST_VOLUNTEERS, MOST_SECONDS = 2_000, 900
QUIET_SECONDS = 120
STORE = ROOT / "docs" / "load.json"


def measure(runner: str, count: int, options: argparse.Namespace) -> dict:
    """One load on one fresh installation."""
    with tempfile.TemporaryDirectory() as folder, place(runner, Path(folder), fsync=True) as where:
        where.migrate()
        sessions = where.ask(SIGN_IN.format(count=count))
        before = afterwards.sizes(where)
        app = where.app(
            JOB_LEASE_SECONDS="30", DJANGO_SETTINGS_MODULE="peersupport.settings", **dict(options.set)
        )
        log = Path(folder) / "log"
        with log.open("w") as errors:
            app.start(errors)
            # What the processes print must be read, or they stop at a full pipe.
            threading.Thread(target=app.process.stdout.read, daemon=True).start()
            try:
                found = _chat(where, app, Path(folder), sessions, options)
            finally:
                app.stop()
        return {
            "runner": runner,
            "volunteers": count,
            "seconds": options.seconds,
            "think": options.think,
            "seed": options.seed,
            "set": options.set,
            **found,
            "reports": afterwards.reports(where),
            "queue": afterwards.queue_seconds(where),
            "log": log_lines(log.read_text(errors="replace")),
            "growth": growth(before, afterwards.sizes(where)),
        }


def _chat(where: Place, app, folder: Path, sessions: list[str], options: argparse.Namespace) -> dict:
    plan = {
        "address": app.address,
        "sessions": sessions,
        "seconds": options.seconds,
        "think": options.think,
        "ramp": options.think,
        "seed": options.seed,
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    watch = Watch(where, app.process.pid)
    watch.start()
    used = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "bench.load.volunteers", str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=options.seconds + 2 * options.think + 300,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the volunteers stopped: {done.stderr[-2000:]}")
    seen = json.loads(done.stdout.splitlines()[-1])
    drained = wait_until_quiet(where, most=QUIET_SECONDS)
    client = os.times()
    watch.finish()
    return {
        **{name: spread(seen[name]) for name in ("pages", "posts", "tags", "reports_shown")},
        "errors": seen["errors"],
        "given_up": seen["given_up"],
        "untagged_in_stream": seen["untagged"],
        "reconnects": seen["reconnects"],
        "received_bytes": seen["received"],
        "most_streams": seen["most_streams"],
        "messages": afterwards.messages(where, seen["sent"]),
        "drained": round(drained, 1),
        "lock_waits": {"samples": watch.samples, "waiting": watch.lock_waits, "deadlocks": watch.deadlocks},
        "most_connections": watch.most_connections,
        "backends": {what: round(count / watch.samples, 2) for what, count in watch.backends.most_common(6)},
        "cpu_seconds": watch.cpu
        | {
            "volunteers": round(
                client.children_user + client.children_system - used.children_user - used.children_system, 1
            )
        },
        "peak_mib": dict(watch.memory),
    }


def spread(values: list[float]) -> dict[str, float]:
    """n, and p50, p95, p99 in seconds; None where there is nothing to sort."""
    found = {name: percentile(values, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
    return {
        "n": len(values),
        **{name: round(value, 4) if values else None for name, value in found.items()},
    }


def log_lines(text: str) -> dict[str, int]:
    """How often the processes logged each kind of trouble; only the kinds, never the lines."""
    kinds = Counter()
    for line in text.splitlines():
        if "database is locked" in line:
            kinds["database is locked"] += 1
        elif found := re.search(r" (ERROR|WARNING) ([\w.]+) ", line):
            kinds[f"{found[1]} {found[2]}"] += 1
        elif found := re.match(r"([A-Za-z_.]+(?:Error|Exception|Timeout))\b", line):
            kinds[found[1]] += 1
    return dict(kinds)


def growth(before: dict, after: dict) -> dict:
    """Bytes and rows that the load added, table by table."""
    return {
        name: {what: row[what] - before.get(name, {}).get(what, 0) for what in row}
        for name, row in sorted(after.items())
        if row["rows"] > before.get(name, {}).get("rows", 0)
    }


def write(rows: list[dict]) -> None:
    """docs/load.json and docs/load.md; loads that were not measured this time stay as they are."""
    kept = json.loads(STORE.read_text())["rows"] if STORE.exists() else []
    found = {(row["runner"], row["volunteers"]): row for row in (*kept, *rows)}
    ordered = [found[key] for key in sorted(found, key=lambda key: (key[0] != SERVICES, key[1]))]
    STORE.write_text(json.dumps({"machine": machine(), "rows": ordered}, indent=1) + "\n")
    STORE.with_suffix(".md").write_text(page.page(machine(), ordered))


def machine() -> str:
    return f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"


def main() -> int:
    parser = argparse.ArgumentParser(description="Let many volunteers chat at once and watch.")
    parser.add_argument(
        "--volunteers", nargs="+", type=int, help="how many at once; several are measured in turn"
    )
    parser.add_argument("--on", choices=BOTH, help="only on this runner")
    parser.add_argument("--seconds", type=float, default=150, help="how long they chat after all came in")
    parser.add_argument(
        "--think", type=float, default=30, help="mean seconds between two messages of a person"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of the application")
    parser.add_argument("--write", action="store_true", help="write docs/load.json and docs/load.md")
    options = parser.parse_args()
    options.set = [pair.split("=", 1) for pair in options.set]
    if options.seconds > MOST_SECONDS or max(options.volunteers or [0]) > MOST_VOLUNTEERS:
        parser.error(f"at most {MOST_VOLUNTEERS} volunteers for {MOST_SECONDS} s")
    missing = missing_programs()
    if missing and options.on != EMBEDDED:
        parser.error(f"not installed: {', '.join(missing)}. Install them, or say --on embedded")
    rows = []
    for runner in (SERVICES, EMBEDDED):
        for count in options.volunteers or COUNTS[runner]:
            if options.on in (None, runner):
                rows.append(measure(runner, count, options))
                print(page.table(rows[-1:]), flush=True)
    if options.write:
        write(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
