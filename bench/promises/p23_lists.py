"""Every list page over HTTP, by role, with many chats in the database; and how many queries each asks."""

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
P95_LIMIT = 0.3
QUERY_LIMIT = 12  # of a list of trainers or admins
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
        "account": "/account/",
        "progress": "/progress/",
        "inbox": "/inbox/",
    },
    "tara": {
        "chats of the cohort": "/chats/",
        "chats that wait for feedback": "/chats/?waiting=1",
        "chat of 200 messages": "{chat}",
        "its report": "{chat}report/",
        "cohorts": "/cohorts/",
        "cohort": "/cohorts/{north}/",
        "mock chats of the cohort": "/cohorts/{north}/mock-chats/",
        "review queue": "/review/",
        "agreement": "/review/agreement/",
        "own scenarios": "/own-scenarios/",
    },
    "ada": {
        "people": "/people/",
        "people by name": "/people/?q=many+9",
        "cohorts": "/cohorts/",
        "cohort": "/cohorts/{north}/",
        "own scenarios": "/own-scenarios/",
        "agreement": "/review/agreement/",
        "jobs": "/jobs/",
        "tagger": "/tagger/",
        "tagger versions": "/tagger/versions/",
        "models": "/models/",
        "dials": "/models/dials/",
        "coach bases": "/models/bases/",
        "exports": "/exports/",
        "studies": "/studies/",
        "audit log": "/audit/",
        "audit log by verb": "/audit/?verb=sign_in",
        "retention": "/retention/",
        "organisation": "/organisation/",
        "tables of a study": "/studies/new/",
        "evidence": "/evidence/",
    },
}
# Pages that are no list: a chat is as long as it is, and both of its pages are the volunteer's as well.
NO_LIST = ("chat of 200 messages", "its report")
# In a process of its own, since the web process does not tell: queries of a second visit.
QUERIES = """
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from peersupport.people.models import User
settings.ALLOWED_HOSTS, settings.SECOND_FACTOR = ["testserver"], False
answer = []
for who, path in {pages!r}:
    client = Client()
    client.force_login(User.objects.get(username=who))
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200, path
    answer.append(len(asked))
"""
NORTH = """
from peersupport.people.models import Cohort
answer = Cohort.objects.get(name="North").pk
"""
ROLES = {"vera": "volunteer", "tara": "trainer", "ada": "admin"}


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    began = time.monotonic()
    chat = fill(place, count)
    filled = time.monotonic() - began
    north = place.ask(NORTH)
    named = {
        (who, name): path.format(chat=f"/chats/{chat}/", north=north)
        for who, pages in PAGES.items()
        for name, path in pages.items()
    }
    asked = place.ask(QUERIES.format(pages=[(who, path) for (who, _name), path in named.items()]))
    queries = dict(zip(named, asked, strict=True))
    app = place.app()
    app.start()
    try:
        people = {who: Volunteer(app, who) for who in PAGES}
        waits = {(who, name): visit(people[who], path, count) for (who, name), path in named.items()}
    finally:
        app.stop()
    figures = []
    for (who, name), seconds in waits.items():
        page = f"{ROLES[who]}, {name}"
        figures.append(Figure(f"{page}: p50", percentile(seconds, 0.5), "s"))
        figures.append(Figure(f"{page}: p95", percentile(seconds, 0.95), "s", P95_LIMIT))
        figures.append(Figure(f"{page}: p99", percentile(seconds, 0.99), "s"))
        most = QUERY_LIMIT if who != "vera" and name not in NO_LIST else None
        figures.append(Figure(f"{page}: queries", queries[who, name], "", most))
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
