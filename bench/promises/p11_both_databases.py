"""The same suite on SQLite with embedded workers and on PostgreSQL with Celery.

Tests that are about one database alone stand by name in one_database.py, with the files that compare us with
a program which need not be there: the former have to pass on their database, and neither is a difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from bench.app import ROOT
from bench.promises import one_database
from bench.promises.one_database import ONLY_ON, POSTGRESQL, SQLITE
from bench.promises.place import SERVICES, Place
from bench.promises.sheet import Figure

NUMBER = 11
TITLE = "SQLite and PostgreSQL agree"
RUNNERS = (SERVICES,)
SMALL, FULL = 2, len(list((ROOT / "tests").rglob("test_*.py")))  # at most so many test files
QUICK = ["tests/peersupport/test_jobs_queue.py", "tests/peersupport/test_access.py"]


Verdicts = dict[tuple[str, str], str]  # (file and name of the test, its parameters): passed, skipped, failed


def run_suite(place: Place, name: str, paths: list[str], **env: str) -> tuple[Verdicts, str]:
    """(what became of each test, everything that was printed)."""
    found = place.folder / f"{name}.xml"
    clean = {key: value for key, value in os.environ.items() if key not in ("DJANGO_SETTINGS_MODULE",)}
    clean = {**clean, "DATA_DIR": str(place.folder / name), **env}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={found}"]
    command += ["-m", "not browser and not slow", *paths]
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True)
    results = {}
    for case in ElementTree.parse(found).iter("testcase"):
        kinds = {child.tag for child in case}
        verdict = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        test = one_database.node(case.get("classname", ""), case.get("name"))
        results[test, case.get("name").partition("[")[2]] = verdict
    return results, done.stdout + done.stderr


def measure(place: Place, count: int) -> list[Figure]:
    paths = QUICK[:count] if count < len(QUICK) + 1 else []
    sqlite, said = run_suite(place, "sqlite", paths, DATABASE_URL="", CELERY_BROKER_URL="")
    postgres, also = run_suite(
        place, "postgresql", paths, DATABASE_URL=place.postgres.url, CELERY_BROKER_URL=place.redis.url
    )
    output = said + also
    locks = output.count("database is locked") + output.count("deadlock detected")
    for line in one_database.listed():
        print(f"   not compared: {line}", flush=True)
    return [
        Figure("tests on SQLite", len(sqlite), "", 1, at_least=True),
        Figure("tests on PostgreSQL", len(postgres), "", 1, at_least=True),
        *compared(sqlite, postgres),
        Figure("lock errors", locks, "", 0),
    ]


def compared(sqlite: Verdicts, postgres: Verdicts) -> list[Figure]:
    """Of the tests that are for both, and of those by list."""
    runs = {SQLITE: sqlite, POSTGRESQL: postgres}
    ours = {
        database: {key: verdict for key, verdict in run.items() if key[0] not in ONLY_ON}
        for database, run in runs.items()
    }
    one, other = ours.values()
    both = set(one) & set(other)
    verdicts = [(test, verdict) for run in ours.values() for (test, _), verdict in run.items()]
    skipped = [test for test, verdict in verdicts if verdict == "skipped"]
    alone = {key for run in runs.values() for key in run if key[0] in ONLY_ON}
    unlike = [key for key in alone if any(run.get(key) != _due(key[0], where) for where, run in runs.items())]
    failed = [v for run in runs.values() for v in run.values() if v == "failed"]
    return [
        Figure("tests with another verdict on the other", sum(one[t] != other[t] for t in both), "", 0),
        Figure("tests only on one of them", len(set(one) ^ set(other)), "", 0),
        Figure("failed", len(failed), "", 0),
        Figure("skipped", sum(not one_database.beside(test) for test in skipped), "", 0),
        Figure("tests about one database, by list", len(alone)),
        Figure("of them not passed there, or not skipped on the other", len(unlike), "", 0),
        Figure("skipped, of a program that is not here", sum(bool(one_database.beside(t)) for t in skipped)),
    ]


def _due(test: str, database: str) -> str:
    return "passed" if ONLY_ON[test] == database else "skipped"
