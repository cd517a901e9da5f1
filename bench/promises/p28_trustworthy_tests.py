"""The tests notice small wrong changes, give the same verdict in any order, and reach no network.

A third as many runs of the suite (without its slow and browser tests) as mutants, each in another order.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

from bench.app import ROOT
from bench.mutants import sample, survivors
from bench.promises.place import EMBEDDED, Place
from bench.promises.sheet import Figure

NUMBER = 28
TITLE = "tests are trustworthy"
RUNNERS = (EMBEDDED,)
SMALL, FULL = 3, 60
SEED = 28
QUICK = [
    "tests/peersupport/test_jobs_queue.py",
    "tests/peersupport/test_access.py",
    "tests/test_no_network.py",
]


def run_suite(place: Place, seed: int, paths: list[str]) -> tuple[int, set[str]]:
    """(how many tests passed, those that failed) in the order of the seed."""
    clean = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    env = {**clean, "DATA_DIR": str(place.folder / f"run{seed}"), "DATABASE_URL": "", "CELERY_BROKER_URL": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--randomly-seed={seed}"]
    command += ["-m", "not browser and not slow", *paths]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    passed = re.search(r"(\d+) passed", done.stdout)
    return int(passed[1]) if passed else 0, set(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M))


def measure(place: Place, count: int) -> list[Figure]:
    left = survivors(sample(count, SEED))
    for mutant in left:
        print(f"   survived: {mutant}")
    began = time.monotonic()
    runs = [run_suite(place, seed, QUICK if count < FULL else []) for seed in range(1, count // 3 + 1)]
    minutes = (time.monotonic() - began) / 60 / len(runs)
    failed = set().union(*(names for _, names in runs))
    for name in sorted(failed):
        print(f"   failed: {name}")
    return [
        Figure("mutants tried", count, "", count, at_least=True),
        Figure(
            "of them noticed", 100 * (count - len(left)) / count, "%", 80 if count >= FULL else None, True
        ),
        Figure("runs of the suite, each in another order", len(runs)),
        Figure("tests in a run", min(passed for passed, _ in runs), "", 1, at_least=True),
        Figure("tests that failed in any of them", len(failed), "", 0),
        Figure("one run", minutes, "min"),
    ]
