"""A volunteer deletes a chat of their own: what goes, what stays, and where it is refused."""

from __future__ import annotations

import threading

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from feedback.exports import files as export_files
from feedback.inbox.notes import write_note
from feedback.models import Export, MockRating, SessionReport
from feedback.reports import files as report_files
from feedback.reports.goals import set_goal
from feedback.signoff import ratings
from feedback.signoff.scales import KEYS
from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from peersupport.practice import chats, deleting, tries
from peersupport.practice.models import AfterChat, Message, PracticeChat
from skills.models import Correction, Tagging
from skills.review import coding

LINES = ["It sounds like a long week. What weighs on you most?", "You should just tell them no."]


@pytest.fixture(autouse=True)
def folder_of_its_own(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def rows() -> dict[str, int]:
    """Of every table but the audit log, what signing in leaves, and the counts of a whole day."""
    others = {"AuditEvent", "AuditHead", "Session", "SuggestionCount"}
    models = (model for model in apps.get_models() if model.__name__ not in others)
    return {model._meta.label: model.objects.count() for model in models}


def delete(user, chat, **fields):
    return as_(user).post(reverse("practice:delete", args=[chat.pk]), {"sure": "1"} | fields)


@pytest.fixture
def before(chat, drain) -> dict[str, int]:
    """What there was before the volunteer's own chat; another chat of theirs is there already."""
    chats.post_message(chat, text=LINES[0], key="other")
    drain("live")
    chats.end_chat(chat)
    drain("coach")
    return rows()


@pytest.fixture
def ended(before, chat, people, drain):
    """With tags, correction, coding, dispute, note, own ratings, report and its file."""
    found = chats.start_chat(people.volunteer, chat.scenario)
    for number, line in enumerate(LINES):
        chats.post_message(found, text=line, key=f"k{number}")
        drain("live")
    chats.end_chat(found)
    drain("coach")
    first, second = Message.objects.filter(chat=found, role="counselor")
    Correction.objects.create(
        message=first, code="affirm", action="add", trainer=people.trainer, note="Kind."
    )
    coding.save(second, trainer=people.trainer, codes=["affirm"], spans={})
    as_(people.volunteer).post(reverse("skills:dispute", args=[first.pk, "affirm"]), {"reason": "not_there"})
    write_note(found, trainer=people.trainer, text="Well held.")
    AfterChat.objects.update_or_create(chat=found, defaults={"understood": 4, "stays": "her voice"})
    report = SessionReport.objects.get(chat=found)
    report_files.path_of(report, 1).parent.mkdir(parents=True, exist_ok=True)
    report_files.path_of(report, 1).write_bytes(b"a report")
    found.refresh_from_db()
    return found


def test_nothing_of_the_chat_is_left_and_the_others_are_whole(before, ended, chat, people, settings):
    assert rows() != before
    assert Tagging.objects.filter(message__chat=ended).count() == 2
    answer = delete(people.volunteer, ended)
    assert answer["Location"] == reverse("practice:chats")
    assert rows() == before
    assert list(settings.DATA_DIR.rglob("*.pdf")) == []
    assert Tagging.objects.filter(message__chat=chat).count() == 1
    [line] = AuditEvent.objects.filter(verb="delete")
    assert (line.actor_id, line.object_id) == (people.volunteer.pk, str(ended.pk))
    for name in ("practice:chat", "feedback:report", "practice:delete"):
        assert as_(people.volunteer).get(reverse(name, args=[ended.pk])).status_code == 404
    assert delete(people.volunteer, ended).status_code == 404  # sent twice


@pytest.mark.parametrize(
    ("who", "status"),
    [("peer", 404), ("outsider", 404), ("other_trainer", 404), ("trainer", 403), ("admin", 403)],
)
def test_a_chat_of_somebody_else_is_not_deleted(people, ended, who, status):
    address = reverse("practice:delete", args=[ended.pk])
    assert as_(getattr(people, who)).get(address).status_code == status
    assert delete(getattr(people, who), ended).status_code == status
    assert PracticeChat.objects.filter(pk=ended.pk).exists()
    assert not AuditEvent.objects.filter(verb="delete").exists()


def test_it_is_asked_for_first_and_offered_where_the_chat_is(people, ended):
    client, address = as_(people.volunteer), reverse("practice:delete", args=[ended.pk])
    assert "tick the box" in client.post(address, follow=True).content.decode()
    assert PracticeChat.objects.filter(pk=ended.pk).exists()
    for place in ("practice:chat", "feedback:report", "practice:chats"):
        at = reverse(place, args=[] if place == "practice:chats" else [ended.pk])
        assert f'href="{address}"' in client.get(at).content.decode(), place
        assert f'href="{address}"' not in as_(people.trainer).get(at).content.decode(), place


def test_a_rated_mock_chat_stays_while_the_rating_stands(people, ended):
    given = {**dict.fromkeys(KEYS, "4"), "decision": "signed_off", "note": "You waited."}
    rating = ratings.rate(ended, trainer=people.trainer, given=given)
    page = as_(people.volunteer).get(reverse("practice:delete", args=[ended.pk])).content.decode()
    assert "A trainer has rated this chat" in page and 'name="sure"' not in page
    assert delete(people.volunteer, ended).status_code == 302
    with pytest.raises(deleting.KeptError):
        deleting.delete(ended, by=people.volunteer)
    assert PracticeChat.objects.filter(pk=ended.pk).exists()
    assert not AuditEvent.objects.filter(verb="delete").exists()
    ratings.withdraw(rating, by=people.trainer, reason="too early")
    delete(people.volunteer, ended)
    assert not PracticeChat.objects.filter(pk=ended.pk).exists()
    assert not MockRating.objects.exists()


def test_one_that_was_left_open_goes_and_a_worker_with_its_turn_writes_nothing(people, chat, say):
    say(LINES[0])
    [job] = queue.claim("live", "late")
    page = as_(people.volunteer).get(reverse("practice:delete", args=[chat.pk])).content.decode()
    assert "still in progress" in page
    delete(people.volunteer, chat)
    running.run_claimed([job], running.Context(threading.Event()))
    for model in (PracticeChat, Message, Tagging, Job):
        assert not model.objects.exists(), model.__name__


def test_another_try_and_a_goal_stay(people, ended):
    set_goal(people.volunteer, technique="affirm")
    branch = tries.try_again(Message.objects.filter(chat=ended, role="counselor").last())
    page = as_(people.volunteer).get(reverse("practice:delete", args=[ended.pk])).content.decode()
    assert "1 other try that branched off" in page
    delete(people.volunteer, ended)
    client = as_(people.volunteer)
    assert "the first chat is gone" in client.get(reverse("practice:chat", args=[branch.pk])).content.decode()
    delete(people.volunteer, branch)
    assert not PracticeChat.objects.filter(is_try=True).exists()


def test_finished_exports_with_words_go_and_those_without_stay(people, ended):
    full, counted = (
        Export.objects.create(by=people.admin, table="messages", status="ready", full=full)
        for full in (True, False)
    )
    for export in (full, counted):
        export_files.path_of(export.pk).write_bytes(b"a file")
    delete(people.volunteer, ended)
    assert not export_files.path_of(full.pk).exists()
    assert export_files.path_of(counted.pk).exists()
    assert set(Export.objects.values_list("full", "status")) == {(True, "gone"), (False, "ready")}
