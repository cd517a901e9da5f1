"""Between password and code: every URL of the resolver refuses, except the few that lead on or out."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from feedback.reports.goals import set_goal
from peersupport.jobs.models import Job
from peersupport.people.gate import OPEN_TO_ALL, WAY_ON
from peersupport.people.second_factor import State
from tests.feedback.study_imports import finished_import
from tests.peersupport.second_factor import give_device
from tests.peersupport.transcripts import draft
from tests.staff import rows_of_staff
from tests.test_access_matrix import NAMES

# (who, whether a device is there already): what is owed
OWED = {
    ("trainer", False): State.SET_UP,
    ("admin", False): State.SET_UP,
    ("trainer", True): State.CHECK,
    ("admin", True): State.CHECK,
    ("volunteer", True): State.CHECK,
}


@pytest.fixture
def addresses(people, chat, say):
    message = say("What would you like to talk about?")
    job = Job.objects.get(kind="turn", subject=str(message.pk))
    values = {
        "chat_id": chat.pk,
        "message_id": message.pk,
        "scenario_id": chat.scenario_id,
        "job_id": job.pk,
        "code": "open_question",
        "person_id": people.peer.pk,
        "draft_id": draft(people.volunteer).pk,
        "study_id": 1,
        "import_id": finished_import().pk,
        "try_id": chat.pk,
        "index": 2,
        "goal_id": set_goal(people.volunteer, technique="affirm").pk,
        **rows_of_staff(people, chat),
    }

    def address(name: str, pattern) -> str:
        return reverse(name, kwargs={key: values.get(key, "x") for key in pattern.pattern.converters})

    return {name: address(name, pattern) for name, pattern in NAMES.items()}


@pytest.mark.parametrize(("who", "has_device"), OWED, ids=lambda value: str(value))
def test_every_url_leads_to_the_one_page_that_is_owed(who, has_device, people, addresses, settings):
    settings.SECOND_FACTOR = True
    user = getattr(people, who)
    if has_device:
        give_device(user)
    way_on = WAY_ON[OWED[who, has_device]]
    open_names = OPEN_TO_ALL | {way_on}
    wrong, closed = [], 0
    for name, address in addresses.items():
        client = Client()
        client.force_login(user)
        for verb in ("get", "post", "put", "head", "options"):
            if name in open_names:
                continue
            answer = getattr(client, verb)(address)
            closed += 1
            leads_on = answer.status_code == 302 and answer["Location"].startswith(reverse(way_on))
            if not leads_on or answer.streaming:
                wrong.append(f"{verb.upper()} {name}: {answer.status_code}")
    assert wrong == []
    assert closed == 5 * (len(NAMES) - len(open_names))


def test_the_page_that_is_owed_shows_no_navigation(people, settings):
    settings.SECOND_FACTOR = True
    client = Client()
    client.force_login(people.admin)
    page = client.get("/", follow=True).content.decode()
    assert "/exports/" not in page and "/jobs/" not in page
    assert "Sign out" in page


def test_the_short_list_is_short():
    assert {"people:logout", "leave", "healthz", "readyz"} == OPEN_TO_ALL


def test_volunteers_are_never_forced(people, settings):
    settings.SECOND_FACTOR = True
    client = Client()
    client.force_login(people.volunteer)
    assert client.get("/practice/").status_code == 200


def test_on_one_machine_nobody_is_forced(people, settings):
    assert settings.SECOND_FACTOR is False
    client = Client()
    client.force_login(people.admin)
    assert client.get("/people/").status_code == 200


def test_a_session_that_passed_with_a_device_that_is_gone_has_not_passed(people):
    give_device(people.volunteer)
    client = Client()
    client.force_login(people.volunteer)
    session = client.session
    session["otp_device_id"] = "otp_static.staticdevice/1"  # not the person's phone
    session.save()
    assert client.get("/practice/").status_code == 302
