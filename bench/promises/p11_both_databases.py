"""The same suite on SQLite with embedded workers and on PostgreSQL with Celery."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from bench.app import ROOT
from bench.promises.place import SERVICES, Place
from bench.promises.sheet import Figure

NUMBER = 11
TITLE = "SQLite and PostgreSQL agree"
RUNNERS = (SERVICES,)
SMALL, FULL = 2, 100_000  # at most so many test files
QUICK = ["tests/peersupport/test_jobs_queue.py", "tests/peersupport/test_access.py"]


def run_suite(place: Place, name: str, paths: list[str], **env: str) -> tuple[dict[str, str], str]:
    """({test: passed | skipped | failed}, everything that was printed)."""
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
        results[f"{case.get('classname')}::{case.get('name')}"] = verdict
    return results, done.stdout + done.stderr


def measure(place: Place, count: int) -> list[Figure]:
    paths = QUICK[:count] if count < len(QUICK) + 1 else []
    sqlite, said = run_suite(place, "sqlite", paths, DATABASE_URL="", CELERY_BROKER_URL="")
    postgres, also = run_suite(
        place, "postgresql", paths, DATABASE_URL=place.postgres.url, CELERY_BROKER_URL=place.redis.url
    )
    both = set(sqlite) & set(postgres)
    output = said + also
    locks = output.count("database is locked") + output.count("deadlock detected")
    return [
        Figure("tests on SQLite", len(sqlite), "", 1, at_least=True),
        Figure("tests on PostgreSQL", len(postgres), "", 1, at_least=True),
        Figure("tests with another verdict on the other", sum(sqlite[t] != postgres[t] for t in both), "", 0),
        Figure("tests only on one of them", len(set(sqlite) ^ set(postgres)), "", 0),
        Figure("failed", sum(v == "failed" for v in [*sqlite.values(), *postgres.values()]), "", 0),
        Figure("skipped", sum(v == "skipped" for v in [*sqlite.values(), *postgres.values()]), "", 0),
        Figure("lock errors", locks, "", 0),
    ]
