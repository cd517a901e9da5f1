"""The tests give the same verdict in any order, and reach no network.

Runs of the suite without its slow and browser tests, each in another order, two at a time: each has a data
folder of its own, and what the other takes of the machine is one more disturbance.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.app import ROOT
from bench.promises.place import EMBEDDED, Place
from bench.promises.sheet import Figure

NUMBER = 28
PART = "order"
TITLE = "tests are trustworthy: the same verdict in any order"
RUNNERS = (EMBEDDED,)
SMALL, FULL = 1, 20
QUICK = [
    "tests/peersupport/test_jobs_queue.py",
    "tests/peersupport/test_access.py",
    "tests/test_no_network.py",
]


@dataclass(frozen=True)
class Run:
    passed: int
    failed: frozenset[str]  # pytest's line of each: the test, and how it failed
    minutes: float


def run_suite(place: Place, seed: int, paths: list[str]) -> Run:
    """The tests in the order of the seed."""
    began = time.monotonic()
    clean = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    env = {**clean, "DATA_DIR": str(place.folder / f"run{seed}"), "OMP_NUM_THREADS": "1"}
    env |= {"DATABASE_URL": "", "CELERY_BROKER_URL": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--randomly-seed={seed}"]
    command += ["-m", "not browser and not slow", *paths]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    passed = re.search(r"(\d+) passed", done.stdout)
    failed = frozenset(re.findall(r"^(?:FAILED|ERROR) (.+)", done.stdout, re.M))
    run = Run(int(passed[1]) if passed else 0, failed, (time.monotonic() - began) / 60)
    print(f"   order {seed}: {run.passed} passed, {len(failed)} failed, {run.minutes:.1f} min", flush=True)
    for line in sorted(failed):
        print(f"      {line}", flush=True)
    return run


def measure(place: Place, count: int) -> list[Figure]:
    with ThreadPoolExecutor(2) as pool:
        paths = QUICK if count < FULL else []
        runs = list(pool.map(lambda seed: run_suite(place, seed, paths), range(1, count + 1)))
    return [
        Figure("runs of the suite, each in another order", len(runs)),
        Figure("tests in a run", min(run.passed for run in runs), "", 1, at_least=True),
        Figure("tests that failed, all runs together", sum(len(run.failed) for run in runs), "", 0),
        Figure("one run, beside another", statistics.median(run.minutes for run in runs), "min"),
    ]
