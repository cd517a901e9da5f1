"""Queries of every page against a checked-in baseline, and not one more when there is more to show.

Pages are read off the access matrix: every URL that answers 200 to a GET, by each role that it answers.
A page that got better, or a new one: `make query-counts` writes tests/data/query_counts.json anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.inbox.notes import write_note
from feedback.models import SessionReport
from feedback.reports.goals import set_goal
from feedback.signoff import ratings
from feedback.signoff.scales import KEYS
from peersupport.jobs.models import Job
from peersupport.people import consents
from peersupport.people.models import Cohort, Membership, User
from peersupport.practice import chats, imports, tries
from peersupport.practice.models import Message
from skills.models import Correction
from tests.feedback.study_imports import finished_import
from tests.peersupport.transcripts import draft
from tests.staff import rows_of_staff
from tests.test_access_matrix import MATRIX, NAMES, OK

BASELINE = Path(__file__).parent / "data" / "query_counts.json"
RENEW = os.environ.get("RENEW_QUERY_COUNTS") == "1"
ROLES = ("anonymous", "volunteer", "trainer", "admin")
# A stream stays open, and healthz asks nothing. A download of one's own data reads chat by chat on purpose:
# it is no page, and must never hold everything at once.
LEFT_OUT = {"practice:stream", "healthz", "people:own-data-download", "people:own-data-read"}
# On PostgreSQL the size of the database is a query; on SQLite, where the baseline is written, a file's size.
MORE_HERE = {"postgresql": {"admin metrics": 1}}
PAGES = [
    (who, name)
    for name in sorted(MATRIX)
    for who in ROLES
    if MATRIX[name][0][who] == OK and name not in LEFT_OUT
]
LINES = [
    "It sounds like it has been a long week. What weighs on you most?",
    "You should just tell them no.",
    "You kept going all the same, and that says a lot about you.",
]


def practise(volunteer, scenario, trainer, drain, *, messages: int):
    """A chat with its tags, corrections and report."""
    chat = chats.start_chat(volunteer, scenario)
    for number in range(messages):
        chats.post_message(chat, text=LINES[number % len(LINES)], key=f"k{number}")
        drain("live")
    for message in Message.objects.filter(chat=chat, role="counselor"):
        Correction.objects.create(message=message, code="affirm", action="add", trainer=trainer, note="Kind.")
    chats.end_chat(chat)
    drain("coach")
    write_note(chat, trainer=trainer, text="Kind.")
    chat.refresh_from_db()
    ratings.rate(chat, trainer=trainer, given={**dict.fromkeys(KEYS, "4"), "decision": "signed_off"})
    return chat


def another_try(message, drain):
    """A try at the message, with its answer, ended."""
    branch = tries.try_again(message)
    chats.post_message(branch, text=LINES[0], key="otherwise")
    drain("live")
    chats.end_chat(branch)
    drain("coach")
    return branch


def grow(people, scenario, drain) -> None:
    """More of everything that a page lists: people, cohorts, chats, messages, jobs set aside."""
    for number in range(4):
        cohort = Cohort.objects.create(name=f"East {number}")
        user = User.objects.create_user(username=f"more{number}", password="x", role="volunteer")
        for member, joined in ((user, cohort), (people.trainer, cohort), (user, people.north)):
            Membership.objects.create(user=member, cohort=joined, since=timezone.now())
        practise(user, scenario, people.trainer, drain, messages=2)
        practise(people.volunteer, scenario, people.trainer, drain, messages=3)
        rows_of_staff(people, chats.PracticeChat.objects.filter(volunteer=people.volunteer).first())
        draft(people.volunteer)
        imports.confirm(draft(people.volunteer), shared=True)
        finished_import()
        Job.objects.create(kind="report", lane="coach", subject="x", status="quarantined", error="a\nb")


async def whole(response) -> bytes:
    """The body; a download's queries are asked while it is read."""
    if not response.streaming:
        return response.content
    if not response.is_async:
        return b"".join(response.streaming_content)
    return b"".join([part async for part in response.streaming_content])


def count(who: str, name: str, values: dict, people) -> int:
    client = Client()
    if who != "anonymous":
        client.force_login(getattr(people, who))
    needed = NAMES[name].pattern.converters
    missing = set(needed) - set(values)
    assert not missing, f"give {missing} of {name} a value in tests/test_query_counts.py"
    address = reverse(name, kwargs={key: values[key] for key in needed})
    client.get(address)  # what a process keeps after its first page is not a page's cost
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(address)
        assert async_to_sync(whole)(response)
    assert response.status_code == 200
    return len(queries)


@pytest.fixture
def place(people, chat, drain, settings):
    """The people, and the values that addresses are made of."""
    from types import SimpleNamespace

    settings.REVIEW_DOUBLE_PERCENT = 100  # which messages two trainers code is by chance, what it costs not

    north = Cohort.objects.get(name="North")
    known = SimpleNamespace(**vars(people), north=north)
    scenario = chat.scenario
    consents.choose(people.volunteer, agreed=["research"])
    set_goal(people.volunteer, technique="affirm")
    # Two messages: the second is answered by a suggested reply, which has queries of its own.
    first = practise(people.volunteer, scenario, people.trainer, drain, messages=2)
    message = Message.objects.filter(chat=first, role="counselor").first()
    # A sign of risk that was missed, so that the review queue has one from the beginning.
    risky = practise(people.peer, scenario, people.trainer, drain, messages=1)
    risky.messages.filter(role="seeker").update(risk_level="passive")
    body = {"crisis": {"cues": [{"index": 1, "level": "passive"}], "answered": False, "checklist": []}}
    SessionReport.objects.filter(chat=risky).update(body=body)
    values = {
        "chat_id": first.pk,
        "message_id": message.pk,
        "try_id": another_try(message, drain).pk,
        "scenario_id": scenario.pk,
        "job_id": Job.objects.first().pk,
        "person_id": people.outsider.pk,
        "draft_id": draft(people.volunteer).pk,
        "import_id": finished_import().pk,
        "code": "open_question",
        **rows_of_staff(people, chat),
    }
    return known, scenario, values


def test_no_page_asks_more_than_its_baseline_or_more_for_more_objects(place, drain):
    people, scenario, values = place
    few = {f"{who} {name}": count(who, name, values, people) for who, name in PAGES}
    grow(people, scenario, drain)
    longer = practise(people.volunteer, scenario, people.trainer, drain, messages=6)
    message = Message.objects.filter(chat=longer, role="counselor")[3]
    another_try(message, drain)
    values |= {
        "draft_id": draft(people.volunteer).pk,  # the oldest make room for new ones
        "chat_id": longer.pk,
        "message_id": message.pk,
        "try_id": another_try(message, drain).pk,
    }
    many = {f"{who} {name}": count(who, name, values, people) for who, name in PAGES}
    grown = {page: (few[page], many[page]) for page in few if many[page] > few[page]}
    assert grown == {}, "queries with few and with many objects"
    compare("pages", many)


def compare(part: str, now: dict[str, int]) -> None:
    """Fail where something asks more than its baseline, or has none; with RENEW, write the baseline."""
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if RENEW:
        BASELINE.write_text(json.dumps({**baseline, part: now}, indent=1) + "\n")
        return
    assert set(now) == set(baseline[part]), "pages came or went: make query-counts"
    more = MORE_HERE.get(connection.vendor, {})
    allowed = {name: most + more.get(name, 0) for name, most in baseline[part].items()}
    dearer = {name: (allowed[name], now[name]) for name in now if now[name] > allowed[name]}
    assert dearer == {}, "queries of the baseline and now: make query-counts, and say why in the commit"


def message_costs(people, chat, drain) -> dict[str, int]:
    """Queries of one message's way: the post with its fragments, the turn, the stream's look, the report."""
    client = Client()
    client.force_login(people.volunteer)
    found = {}

    def measured(name: str, work) -> None:
        with CaptureQueriesContext(connection) as queries:
            work()
        found[name] = len(queries)

    chat.refresh_from_db()
    address, seq = reverse("practice:post", args=[chat.pk]), chat.last_seq
    data = {"text": LINES[0], "key": f"cost {seq}"}
    measured("post", lambda: client.post(f"{address}?after={seq}", data, headers={"X-Fragments": "1"}))
    measured("turn", lambda: drain("live"))
    events = f"{reverse('practice:events', args=[chat.pk])}?after={seq}"
    client.get(events)  # as above
    measured("fragments", lambda: client.get(events))
    return found


def test_a_message_costs_no_more_than_its_baseline_however_long_the_chat_is(people, chat, say, drain):
    say(LINES[0])
    drain()
    few = message_costs(people, chat, drain)
    for number in range(5):
        say(LINES[number % 3], key=f"more {number}")
        drain("live")
    many = message_costs(people, chat, drain)
    assert many == few
    chats.end_chat(chat)
    with CaptureQueriesContext(connection) as queries:
        drain("coach")
    compare("message", {**many, "report": len(queries)})
