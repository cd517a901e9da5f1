"""Every URL of the resolver against every kind of person. A URL that is not listed fails the run.

Each cell is the answer to a GET and to a POST without a body, by people who have and have not to do
with the volunteer's chat that the address names.
"""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from peersupport.jobs.models import Job
from peersupport.practice.models import Message

OK, LOGIN, FORBIDDEN, MISSING, WRONG_VERB = 200, "login", 403, 404, 405
BAD = 400  # reached, and told that the empty form cannot be taken
GO = 302  # done, and sent on to another page
PEOPLE = ["anonymous", "volunteer", "peer", "outsider", "trainer", "other_trainer", "admin"]


def cells(signed_in, **special) -> dict:
    """The same for everybody signed in, except for `special`; the anonymous are sent to the login."""
    return {**dict.fromkeys(PEOPLE, signed_in), "anonymous": LOGIN, **special}


def open_to_all(status) -> dict:
    return dict.fromkeys(PEOPLE, status)


def of_chat(volunteer, trainer, *, admin=FORBIDDEN) -> dict:
    """The owner and the trainer of the cohort; others are not told that the chat exists."""
    return cells(MISSING, volunteer=volunteer, trainer=trainer, admin=admin)


NO_VERB = cells(WRONG_VERB)
VOLUNTEERS_GET = cells(FORBIDDEN, volunteer=OK, peer=OK, outsider=OK)
VOLUNTEERS_GO = cells(FORBIDDEN, volunteer=GO, peer=GO, outsider=GO)
ADMIN_GET = cells(FORBIDDEN, admin=OK)
READ_CHAT = of_chat(OK, OK)
CHANGE_CHAT = of_chat(GO, FORBIDDEN)

# url name -> (what a GET gives, what an empty POST gives)
MATRIX: dict[str, tuple[dict, dict]] = {
    "home": (cells(GO), NO_VERB),
    "leave": (open_to_all(OK), open_to_all(WRONG_VERB)),
    "healthz": (open_to_all(OK), open_to_all(WRONG_VERB)),
    "readyz": (open_to_all(503), open_to_all(WRONG_VERB)),  # no worker runs in a test: not ready
    "people:login": (cells(GO, anonymous=OK), cells(GO, anonymous=OK)),
    "people:logout": (NO_VERB, cells(LOGIN)),  # signed out, and so at the login page
    "people:list": (ADMIN_GET, NO_VERB),
    "practice:scenarios": (VOLUNTEERS_GET, NO_VERB),
    "practice:start": (NO_VERB, VOLUNTEERS_GO),
    "practice:chats": (cells(OK, admin=FORBIDDEN), NO_VERB),
    "practice:chat": (READ_CHAT, NO_VERB),
    "practice:post": (NO_VERB, of_chat(BAD, FORBIDDEN)),
    "practice:events": (READ_CHAT, NO_VERB),
    "practice:stream": (READ_CHAT, NO_VERB),
    "practice:end": (NO_VERB, CHANGE_CHAT),
    "practice:retry": (NO_VERB, CHANGE_CHAT),
    "jobs:list": (ADMIN_GET, NO_VERB),
    "jobs:retry": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "skills:correct": (cells(FORBIDDEN, trainer=OK, other_trainer=MISSING),) * 2,
    "feedback:report": (READ_CHAT, NO_VERB),
    "feedback:report-retry": (NO_VERB, CHANGE_CHAT),
    "feedback:evidence": (cells(OK), NO_VERB),
    "feedback:evidence-card": (cells(OK), NO_VERB),
    "feedback:exports": (ADMIN_GET, NO_VERB),
    "feedback:export-tags": (ADMIN_GET, NO_VERB),
}
# A POST without boxes means "no technique": a correction, and back to the chat.
MATRIX["skills:correct"] = (MATRIX["skills:correct"][0], {**MATRIX["skills:correct"][1], "trainer": GO})


def urls(patterns=None, prefix: str = ""):
    """(full name, pattern) of every URL."""
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from urls(pattern.url_patterns, space)
        elif isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}", pattern


NAMES = dict(urls())


def test_every_url_is_listed_and_every_listed_url_exists():
    assert set(NAMES) == set(MATRIX)


def answer(response):
    if response.status_code == 302 and response["Location"].startswith(reverse("people:login")):
        return LOGIN
    return response.status_code


@pytest.mark.parametrize("name", sorted(NAMES))
def test_cells(name, people, chat, say):
    message = say("What would you like to talk about?")
    job = Job.objects.get(kind="turn", subject=str(message.pk))
    values = {
        "chat_id": chat.pk,
        "message_id": message.pk,
        "scenario_id": chat.scenario_id,
        "job_id": job.pk,
        "code": "open_question",
    }
    needed = NAMES[name].pattern.converters
    address = reverse(name, kwargs={key: values[key] for key in needed})
    wrong = []
    for who in PEOPLE:
        for verb, expected in zip(("get", "post"), MATRIX[name], strict=True):
            client = Client()
            if who != "anonymous":
                client.force_login(getattr(people, who))
            got = answer(getattr(client, verb)(address))
            if got != expected[who]:
                wrong.append(f"{verb.upper()} {name} by {who}: {got}, expected {expected[who]}")
    assert wrong == []


@pytest.mark.parametrize("name", [n for n, p in NAMES.items() if "chat_id" in p.pattern.converters])
def test_a_chat_that_does_not_exist_is_missing_for_its_readers(name, people):
    address = reverse(name, kwargs={"chat_id": "00000000-0000-4000-8000-000000000000"})
    for who in ("volunteer", "trainer"):
        client = Client()
        client.force_login(getattr(people, who))
        assert {client.get(address).status_code, client.post(address).status_code} <= {404, 405}
        assert 404 in {client.get(address).status_code, client.post(address).status_code}


def test_an_evidence_card_gives_no_probability_of_a_strangers_message(people, say):
    message = say("What would you like to talk about?")
    client = Client()
    client.force_login(people.outsider)
    address = reverse("feedback:evidence-card", args=["open_question"])
    assert client.get(address, {"message": message.pk}).status_code == 404
    assert Message.objects.filter(pk=message.pk).exists()
