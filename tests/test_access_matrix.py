"""Every URL of the resolver against every kind of person. A URL that is not listed fails the run.

Each cell is the answer to a GET and to a POST without a body, by people who have and have not to do
with the volunteer's chat that the address names.
"""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from feedback.reports.goals import set_goal
from peersupport.jobs.models import Job
from peersupport.practice import chats, tries
from peersupport.practice.models import Message
from tests.feedback.study_imports import finished_import
from tests.peersupport.transcripts import draft
from tests.staff import rows_of_staff

OK, LOGIN, FORBIDDEN, MISSING, WRONG_VERB = 200, "login", 403, 404, 405
CONFLICT = 409  # reached, and told that it is out of date
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


STAFF = ("trainer", "other_trainer", "admin")


def of_draft(volunteer) -> dict:
    """A transcript on its way: its owner's alone, and trainers and admins bring none."""
    return cells(MISSING, volunteer=volunteer, **dict.fromkeys(STAFF, FORBIDDEN))


NO_VERB = cells(WRONG_VERB)
VOLUNTEERS_GET = cells(FORBIDDEN, volunteer=OK, peer=OK, outsider=OK)
VOLUNTEERS_GO = cells(FORBIDDEN, volunteer=GO, peer=GO, outsider=GO)
ADMIN_GET = cells(FORBIDDEN, admin=OK)
STAFF_GET = cells(FORBIDDEN, trainer=OK, other_trainer=OK, admin=OK)
TRAINERS_GET = cells(FORBIDDEN, trainer=OK, other_trainer=OK)
OWN_SCENARIO = cells(FORBIDDEN, trainer=OK, other_trainer=MISSING, admin=OK)
READ_CHAT = of_chat(OK, OK)
CHANGE_CHAT = of_chat(GO, FORBIDDEN)

# url name -> (what a GET gives, what an empty POST gives)
MATRIX: dict[str, tuple[dict, dict]] = {
    "home": (cells(GO), NO_VERB),
    "leave": (open_to_all(OK), open_to_all(WRONG_VERB)),
    "healthz": (open_to_all(OK), open_to_all(WRONG_VERB)),
    "readyz": (open_to_all(503), open_to_all(WRONG_VERB)),  # no worker runs in a test: not ready
    "metrics": (cells(FORBIDDEN, anonymous=FORBIDDEN, admin=OK), open_to_all(WRONG_VERB)),
    "people:login": (cells(GO, anonymous=OK), cells(GO, anonymous=OK)),
    "people:logout": (NO_VERB, cells(LOGIN)),  # signed out, and so at the login page
    "people:list": (ADMIN_GET, NO_VERB),
    "people:invite": (ADMIN_GET, cells(FORBIDDEN, admin=BAD)),
    "people:person": (ADMIN_GET, NO_VERB),
    # An empty form names no role and no cohort, and is told so on the person's page.
    "people:set-role": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "people:cohort-add": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "people:cohort-end": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "people:close": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "people:open": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "people:new-link": (NO_VERB, cells(FORBIDDEN, admin=OK)),
    "people:welcome": (open_to_all(OK), open_to_all(OK)),  # which says that this link does not work
    "people:retention": (ADMIN_GET, NO_VERB),
    "people:retention-start": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "organisation:settings": (ADMIN_GET, cells(FORBIDDEN, admin=OK)),  # an empty form is a preview
    "organisation:demo": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "audit:events": (ADMIN_GET, NO_VERB),
    "audit:check": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "people:erase": (ADMIN_GET, cells(FORBIDDEN, admin=BAD)),  # without the tick
    "people:own-data": (cells(OK), NO_VERB),
    "people:own-data-download": (cells(OK), NO_VERB),
    "people:own-data-read": (cells(OK), NO_VERB),
    "people:own-choices": (NO_VERB, VOLUNTEERS_GO),
    "people:erase-own": (cells(OK), cells(BAD)),  # an empty form holds no password
    "people:account": (cells(OK), NO_VERB),
    "people:account-password": (NO_VERB, cells(BAD)),  # an empty form holds no password
    "people:account-time-zone": (NO_VERB, cells(BAD)),  # and names no zone
    "people:second-factor": (cells(OK), NO_VERB),
    "people:second-factor-set-up": (cells(OK), cells(BAD)),
    "people:second-factor-check": (cells(GO), cells(GO)),  # nobody here owes a code
    "people:second-factor-renew": (NO_VERB, cells(GO)),  # nobody here has a device
    "people:second-factor-remove": (NO_VERB, cells(GO)),
    "people:second-factor-reset": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "practice:scenarios": (VOLUNTEERS_GET, NO_VERB),
    "practice:start": (NO_VERB, VOLUNTEERS_GO),
    "practice:chats": (cells(OK, admin=FORBIDDEN), NO_VERB),
    "practice:chat": (READ_CHAT, NO_VERB),
    "practice:post": (NO_VERB, of_chat(BAD, FORBIDDEN)),
    "practice:events": (READ_CHAT, NO_VERB),
    "practice:stream": (READ_CHAT, NO_VERB),
    "practice:end": (NO_VERB, CHANGE_CHAT),
    "practice:retry": (NO_VERB, CHANGE_CHAT),
    "practice:share": (NO_VERB, of_chat(MISSING, FORBIDDEN)),  # this chat is practice, not imported
    "practice:delete": (of_chat(OK, FORBIDDEN), CHANGE_CHAT),  # without the tick: back to the page
    "practice:transcripts": (VOLUNTEERS_GET, NO_VERB),
    "practice:transcript-new": (VOLUNTEERS_GET, cells(FORBIDDEN, volunteer=BAD, peer=BAD, outsider=BAD)),
    "practice:transcript-preview": (of_draft(OK), of_draft(GO)),
    "practice:transcript-confirm": (NO_VERB, of_draft(GO)),
    "practice:transcript-discard": (NO_VERB, of_draft(GO)),
    "practice:try-again": (NO_VERB, CHANGE_CHAT),
    "practice:rate": (NO_VERB, CHANGE_CHAT),
    "practice:debrief": (NO_VERB, CHANGE_CHAT),
    "authoring:scenarios": (STAFF_GET, NO_VERB),
    "authoring:new": (NO_VERB, cells(FORBIDDEN, trainer=BAD, other_trainer=BAD, admin=BAD)),
    # An empty form names no revision: somebody else may have saved.
    "authoring:edit": (OWN_SCENARIO, OWN_SCENARIO | {"trainer": CONFLICT, "admin": CONFLICT}),
    "authoring:preview": (NO_VERB, OWN_SCENARIO),
    "authoring:publish": (NO_VERB, OWN_SCENARIO | {"trainer": GO, "admin": GO}),
    "authoring:take-back": (NO_VERB, OWN_SCENARIO | {"trainer": GO, "admin": GO}),
    "authoring:delete": (NO_VERB, OWN_SCENARIO | {"trainer": GO, "admin": MISSING}),  # gone by then
    "jobs:list": (ADMIN_GET, NO_VERB),
    "jobs:retry": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "skills:tagger": (ADMIN_GET, NO_VERB),
    "skills:retag": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "skills:tagger-versions": (ADMIN_GET, NO_VERB),
    "skills:tagger-version": (ADMIN_GET, NO_VERB),
    "skills:tagger-train": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "skills:tagger-switch": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "skills:tagger-undo": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "skills:correct": (cells(FORBIDDEN, trainer=OK, other_trainer=MISSING),) * 2,
    "skills:review": (TRAINERS_GET, NO_VERB),
    "skills:review-next": (cells(FORBIDDEN, trainer=GO, other_trainer=GO), NO_VERB),
    "skills:review-undo": (NO_VERB, cells(FORBIDDEN, trainer=GO, other_trainer=MISSING)),
    "skills:agreement": (STAFF_GET, NO_VERB),
    "skills:dispute": (NO_VERB, CHANGE_CHAT),
    "feedback:compare": (READ_CHAT, NO_VERB),
    "feedback:report": (READ_CHAT, NO_VERB),
    "feedback:report-retry": (NO_VERB, CHANGE_CHAT),
    "feedback:report-file": (of_chat(MISSING, FORBIDDEN), NO_VERB),  # made when somebody asks for it
    "feedback:report-file-make": (NO_VERB, CHANGE_CHAT),
    "feedback:rate-suggestion": (NO_VERB, of_chat(BAD, FORBIDDEN)),  # no answer is given
    # A GET shows how far it is and leads to the report; this chat has none, so there is no reply to word.
    "feedback:other-wording": (of_chat(GO, FORBIDDEN), of_chat(MISSING, FORBIDDEN)),
    "feedback:models": (ADMIN_GET, NO_VERB),
    "feedback:dials": (ADMIN_GET, NO_VERB),
    "feedback:dial": (ADMIN_GET, NO_VERB),
    "feedback:dial-calibrate": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "feedback:dial-cancel": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "feedback:dial-switch": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "feedback:dial-undo": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "feedback:coach-bases": (ADMIN_GET, NO_VERB),
    "feedback:coach-base": (ADMIN_GET, NO_VERB),
    "feedback:coach-base-merge": (NO_VERB, cells(FORBIDDEN, admin=BAD)),  # no coach is configured
    "feedback:coach-base-step": (NO_VERB, cells(FORBIDDEN, admin=MISSING)),  # an empty form names no step
    "feedback:coach-base-undo": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "feedback:note": (NO_VERB, of_chat(FORBIDDEN, GO)),
    "feedback:mock": (READ_CHAT, of_chat(FORBIDDEN, BAD)),
    "feedback:mock-withdraw": (NO_VERB, cells(FORBIDDEN, trainer=GO, other_trainer=MISSING)),
    "feedback:certificate": (READ_CHAT, NO_VERB),
    "feedback:certificate-file": (of_chat(MISSING, MISSING), NO_VERB),  # made when somebody asks for it
    "feedback:certificate-make": (NO_VERB, of_chat(GO, GO)),
    "feedback:cohort-mocks": (cells(FORBIDDEN, trainer=OK, other_trainer=MISSING), NO_VERB),
    "feedback:progress": (VOLUNTEERS_GET, NO_VERB),
    "feedback:goal-set": (NO_VERB, cells(FORBIDDEN, volunteer=BAD, peer=BAD, outsider=BAD)),
    "feedback:goal-close": (NO_VERB, cells(FORBIDDEN, volunteer=GO, peer=MISSING, outsider=MISSING)),
    "feedback:inbox": (VOLUNTEERS_GET, NO_VERB),
    "feedback:inbox-read": (NO_VERB, VOLUNTEERS_GO),
    "feedback:evidence": (cells(OK), NO_VERB),
    "feedback:evidence-card": (cells(OK), NO_VERB),
    "feedback:studies": (ADMIN_GET, NO_VERB),
    "feedback:study-new": (ADMIN_GET, cells(FORBIDDEN, admin=BAD)),
    "feedback:study-import": (ADMIN_GET, NO_VERB),
    "feedback:study-import-step": (NO_VERB, cells(FORBIDDEN, admin=MISSING)),  # no step is named
    "feedback:study-import-errors": (ADMIN_GET, NO_VERB),
    "feedback:study-report": (ADMIN_GET, NO_VERB),
    "feedback:study-report-file": (ADMIN_GET, NO_VERB),
    "feedback:study-step": (NO_VERB, cells(FORBIDDEN, admin=MISSING)),  # an empty form names no step
    "feedback:exports": (ADMIN_GET, NO_VERB),
    "feedback:export-make": (NO_VERB, cells(FORBIDDEN, admin=GO)),
    "feedback:export-file": (ADMIN_GET, NO_VERB),
    "feedback:export-codebook": (ADMIN_GET, NO_VERB),
    "feedback:cohorts": (STAFF_GET, NO_VERB),
    "feedback:cohort": (cells(FORBIDDEN, trainer=OK, other_trainer=MISSING, admin=OK), NO_VERB),
    "feedback:cohort-change": (NO_VERB, cells(FORBIDDEN, admin=BAD)),  # an empty form holds no name
    "feedback:assign": (NO_VERB, cells(FORBIDDEN, trainer=BAD, other_trainer=MISSING)),
    "feedback:assignment-close": (NO_VERB, cells(FORBIDDEN, trainer=GO, other_trainer=MISSING)),
    "feedback:export-tags": (ADMIN_GET, NO_VERB),
}
# A POST that does not say what the form was made on: the trainer is to look again.
MATRIX["skills:correct"] = (MATRIX["skills:correct"][0], {**MATRIX["skills:correct"][1], "trainer": CONFLICT})


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
        "person_id": people.other_trainer.pk,
        "draft_id": draft(people.volunteer).pk,
        "study_id": 1,
        "import_id": finished_import().pk,
        "code": "open_question",
        "index": 2,
        "goal_id": set_goal(people.volunteer, technique="affirm").pk,
        **rows_of_staff(people, chat),
    }
    needed = NAMES[name].pattern.converters
    chats.end_chat(chat)  # before that its trainer does not see it: the test below
    if "try_id" in needed:
        branch = tries.try_again(message)
        chats.end_chat(branch)
        values["try_id"] = branch.pk
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


def test_a_chat_that_goes_on_does_not_exist_for_its_trainer(people, chat, say):
    message = say("What would you like to talk about?")
    chats.end_chat(chat)
    branch = tries.try_again(message)
    rated = rows_of_staff(people, branch)["rating_id"]
    said = chats.post_message(branch, text="Which part of it is the hardest?", key="otherwise").message
    values = {
        "chat_id": branch.pk, "try_id": branch.pk, "message_id": said.pk, "rating_id": rated,
        "code": "open_question", "index": 2,
    }  # fmt: skip
    trainer, wrong = Client(), []
    trainer.force_login(people.trainer)
    for name, pattern in NAMES.items():
        needed = pattern.pattern.converters.keys()
        if not needed & {"chat_id", "try_id", "message_id", "rating_id"}:
            continue
        address = reverse(name, kwargs={key: values[key] for key in needed})
        got = {trainer.get(address).status_code, trainer.post(address).status_code}
        if MISSING not in got or got - {MISSING, WRONG_VERB}:
            wrong.append((name, got))
    assert wrong == []
    card = reverse("feedback:evidence-card", args=["open_question"])
    assert trainer.get(card, {"message": said.pk}).status_code == MISSING
    assert str(branch.pk) not in trainer.get(reverse("practice:chats")).content.decode()
    chats.end_chat(branch)
    assert trainer.get(reverse("practice:chat", args=[branch.pk])).status_code == OK
    assert str(branch.pk) in trainer.get(reverse("practice:chats")).content.decode()


@pytest.mark.parametrize("name", [n for n, p in NAMES.items() if "chat_id" in p.pattern.converters])
def test_a_chat_that_does_not_exist_is_missing_for_its_readers(name, people):
    values = {"chat_id": "00000000-0000-4000-8000-000000000000", "index": 2}
    address = reverse(name, kwargs={key: values[key] for key in NAMES[name].pattern.converters})
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


def test_trace_and_other_verbs_nobody_asked_for_are_refused(people):
    client = Client()
    client.force_login(people.admin)
    wrong = []
    for name, pattern in NAMES.items():
        if pattern.pattern.converters:
            continue
        for verb in ("TRACE", "PUT", "PATCH", "DELETE"):
            status = client.generic(verb, reverse(name)).status_code
            if status != WRONG_VERB and not (name == "people:login" and status == GO):
                wrong.append(f"{verb} {name}: {status}")
    assert wrong == []
