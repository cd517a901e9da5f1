"""Every list page over HTTP, by role, with many chats in the database."""

from __future__ import annotations

import subprocess
import sys
import time

from bench.app import ROOT, Volunteer
from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure, percentile

NUMBER = 23
TITLE = "Pages stay fast with many chats"
RUNNERS = BOTH
SMALL, FULL = 500, 100_000
P95_LIMIT = 0.5
VISITS = 40
SMALL_VISITS = 3
PAGES = {
    "vera": {
        "scenarios": "/practice/",
        "own chats": "/chats/",
        "own transcripts": "/transcripts/",
        "chat of 200 messages": "{chat}",
        "its report": "{chat}report/",
        "own data": "/your-data/",
        "progress": "/progress/",
        "inbox": "/inbox/",
    },
    "tara": {
        "chats of the cohort": "/chats/",
        "chat of 200 messages": "{chat}",
        "its report": "{chat}report/",
        "cohorts": "/cohorts/",
        "cohort": "/cohorts/1/",
        "review queue": "/review/",
        "agreement": "/review/agreement/",
    },
    "ada": {
        "people": "/people/",
        "jobs": "/jobs/",
        "tagger": "/tagger/",
        "coach bases": "/models/bases/",
        "exports": "/exports/",
        "studies": "/studies/",
        "audit log": "/audit/",
        "retention": "/retention/",
        "tables of a study": "/studies/new/",
        "evidence": "/evidence/",
    },
}
ROLES = {"vera": "volunteer", "tara": "trainer", "ada": "admin"}


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    began = time.monotonic()
    chat = fill(place, count)
    filled = time.monotonic() - began
    app = place.app()
    app.start()
    try:
        waits = {
            (who, name): visit(Volunteer(app, who), path.format(chat=f"/chats/{chat}/"), count)
            for who, pages in PAGES.items()
            for name, path in pages.items()
        }
    finally:
        app.stop()
    figures = []
    for (who, name), seconds in waits.items():
        page = f"{ROLES[who]}, {name}"
        figures.append(Figure(f"{page}: p50", percentile(seconds, 0.5), "s"))
        figures.append(Figure(f"{page}: p95", percentile(seconds, 0.95), "s", P95_LIMIT))
        figures.append(Figure(f"{page}: p99", percentile(seconds, 0.99), "s"))
    return [*figures, Figure("filling the database took", filled, "s")]


def fill(place: Place, count: int) -> str:
    """The id of the long chat."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.many", str(count)],
        cwd=ROOT, env={**place.env, "LOG_LEVEL": "WARNING"}, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return done.stdout.split()[-1]


def visit(person: Volunteer, path: str, count: int) -> list[float]:
    """Seconds of each visit; the first one, which fills the process's own caches, is not counted."""
    person.get(path)
    found = []
    for _ in range(VISITS if count >= FULL else SMALL_VISITS):
        began = time.monotonic()
        person.get(path)
        found.append(time.monotonic() - began)
    return found
