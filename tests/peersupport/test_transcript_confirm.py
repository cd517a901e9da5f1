"""A confirmed transcript is a chat of its own kind: read-only, looked at by the crisis rules, one's own."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse

from feedback.exports.at_once import tags_csv
from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.people import access, consents, erasure, own_data
from peersupport.practice import chats, imports
from peersupport.practice.models import ChatEvent, Message, PracticeChat, TranscriptDraft
from tests.peersupport.transcripts import PASTED, draft, imported


@pytest.fixture
def volunteer(people) -> Client:
    client = Client()
    client.force_login(people.volunteer)
    return client


def confirm(client: Client, found: TranscriptDraft, **fields):
    return client.post(reverse("practice:transcript-confirm", args=[found.pk]), fields)


def test_it_becomes_an_ended_chat_with_masked_messages(volunteer, people):
    found = draft(people.volunteer)
    fields = {"name": "Work,  spring\0", "names": "Robin, Kim", "contacts": "1"}
    answer = confirm(volunteer, found, **fields)
    chat = PracticeChat.objects.get()
    assert answer["Location"] == reverse("practice:chat", args=[chat.pk])
    assert (chat.kind, chat.status, chat.scenario, chat.shared) == ("imported", "ended", None, False)
    assert (chat.title, chat.topic) == ("Work, spring", "general")
    rows = list(chat.messages.order_by("index").values_list("index", "role", "turn"))
    assert rows == [
        (1, "counselor", "pending"), (2, "seeker", "none"), (3, "counselor", "pending"),
        (4, "seeker", "none"), (5, "counselor", "pending"),
    ]  # fmt: skip
    assert chat.messages.get(index=2).text == "hi. its work mostly, write me at [e-mail]"
    assert not TranscriptDraft.objects.exists()
    assert [event.seq for event in ChatEvent.objects.filter(chat=chat)] == list(range(1, 8))
    assert set(Job.objects.values_list("kind", "subject")) == {
        ("transcript", str(chat.pk)), ("report", str(chat.pk))
    }  # fmt: skip


def test_crisis_rules_run_on_every_line_in_the_request(volunteer, people):
    chat = imported(people.volunteer)
    assert list(chat.messages.exclude(risk_level="none").values_list("index", flat=True)) == [4]
    page = volunteer.get(reverse("practice:chat", args=[chat.pk])).content.decode()
    assert "A sign of risk: this comes first" in page


def test_repairs_of_the_same_form_are_taken_along(volunteer, people):
    fields = {"speaker-0": "seeker", "speaker-1": "counselor", "line-0": "out", "names": ""}
    confirm(volunteer, draft(people.volunteer), **fields)
    assert list(Message.objects.order_by("index").values_list("role", flat=True)) == [
        "counselor", "seeker", "counselor", "seeker"
    ]  # fmt: skip


def test_without_a_counselor_it_is_refused_and_the_draft_stays(volunteer, people):
    found = draft(people.volunteer)
    answer = confirm(volunteer, found, **{"speaker-0": "seeker"})
    assert answer.status_code == 400
    assert "Nobody is the counselor" in answer.content.decode()
    assert TranscriptDraft.objects.count() == 1
    assert not PracticeChat.objects.exists()


def test_confirmed_twice_it_is_one_chat(volunteer, people):
    found = draft(people.volunteer)
    first, again = confirm(volunteer, found), confirm(volunteer, found)
    assert first["Location"] == again["Location"]
    assert PracticeChat.objects.count() == 1


def test_two_confirmations_at_once_make_one_chat(volunteer, people, monkeypatch):
    """The second one has found the draft when the first one takes it away."""
    found, confirm_one = draft(people.volunteer), imports.confirm

    def after_another(draft, **options):
        confirm_one(draft)
        return confirm_one(draft, **options)

    monkeypatch.setattr(imports, "confirm", after_another)
    answer = confirm(volunteer, found)
    assert answer["Location"] == reverse("practice:chat", args=[found.pk])
    assert PracticeChat.objects.count() == 1


def test_nobody_else_confirms_it(people):
    found = draft(people.volunteer)
    for who, status in (("peer", 404), ("trainer", 403), ("admin", 403)):
        client = Client()
        client.force_login(getattr(people, who))
        assert confirm(client, found).status_code == status
    imports.confirm(found)
    client.force_login(people.peer)
    assert confirm(client, found).status_code == 404


def test_nothing_can_be_written_in_it(people, volunteer):
    chat = imported(people.volunteer)
    with pytest.raises(ValidationError):
        chats.post_message(chat, text="one more", key="k")
    page = volunteer.get(reverse("practice:chat", args=[chat.pk])).content.decode()
    assert 'id="composer"' not in page and "Who is writing" not in page
    assert "Read 0 of 3 messages" in page


def test_a_chat_has_a_scenario_or_is_imported(people):
    for fields in ({"kind": "practice"}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PracticeChat.objects.create(volunteer=people.volunteer, seed=1, **fields)


def test_a_trainer_sees_it_only_while_it_is_shared(volunteer, people):
    chat = imported(people.volunteer)
    message = chat.messages.get(index=1)
    address = reverse("practice:share", args=[chat.pk])
    for shared in (True, False):
        with pytest.raises(Http404):
            access.chat_for_user(people.trainer, chat.pk)
        with pytest.raises(Http404):
            access.reviewed_message_for_user(people.trainer, message.pk)
        volunteer.post(address, {"shared": "1"})
        assert access.chat_for_user(people.trainer, chat.pk) == chat
        assert access.message_for_user(people.trainer, message.pk) == message
        with pytest.raises(Http404):
            access.chat_for_user(people.other_trainer, chat.pk)
        with pytest.raises(PermissionDenied):
            access.chat_for_user(people.admin, chat.pk)
        if shared:
            volunteer.post(address, {"shared": "0"})
    lines = AuditEvent.objects.filter(object_id=str(chat.pk)).order_by("id")
    assert list(lines.values_list("verb", flat=True)) == ["share", "unshare", "share"]


def test_it_can_be_shared_when_it_is_confirmed(volunteer, people):
    confirm(volunteer, draft(people.volunteer), shared="1")
    client = Client()
    client.force_login(people.trainer)
    page = client.get(reverse("practice:chats")).content.decode()
    assert "Imported chat" in page
    assert client.post(reverse("practice:share", args=[PracticeChat.objects.get().pk])).status_code == 403


def test_lists_mark_it(volunteer, people, chat):
    imported(people.volunteer, name="Spring")
    page = volunteer.get(reverse("practice:chats")).content.decode()
    assert page.index("Spring") < page.index(chat.title)  # newest first
    assert "only you see it" in page
    assert "Spring" in volunteer.get(reverse("practice:transcripts")).content.decode()


def test_deleting_takes_messages_tags_report_and_jobs(volunteer, people, drain):
    chat = imported(people.volunteer)
    drain()
    address = reverse("practice:delete", args=[chat.pk])
    assert "tick the box" in volunteer.post(address, follow=True).content.decode()
    assert PracticeChat.objects.filter(pk=chat.pk).exists()
    assert volunteer.post(address, {"sure": "1"})["Location"] == reverse("practice:transcripts")
    assert not PracticeChat.objects.exists() and not Message.objects.exists()
    assert not Job.objects.filter(ordering_key=chat.ordering_key).exists()
    assert AuditEvent.objects.filter(verb="delete").count() == 1


def test_own_data_erasure_and_the_export_know_it(people, drain, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    hidden, shown = imported(people.volunteer), imported(people.volunteer, shared=True)
    consents.choose(people.volunteer, agreed=["research"])
    drain()
    rows = "".join(tags_csv()).splitlines()[1:]
    assert rows and all(",imported," in row for row in rows)
    imports.share(shown, shared=False)
    assert "".join(tags_csv()).splitlines()[1:] == []
    text = "".join(own_data.as_json(people.volunteer))
    assert str(hidden.pk) in text and '"kind": "imported"' in text and "wearing you down" in text
    erasure.erase_now(people.volunteer, by=None)
    assert not PracticeChat.objects.exists() and not Message.objects.filter(text__contains="Robin").exists()


def test_long_transcripts_are_taken_whole(people):
    chat = imported(people.volunteer, PASTED * 100)
    assert (chat.messages.count(), chat.last_index) == (500, 500)
