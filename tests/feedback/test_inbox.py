"""The inbox: trainers' notes and corrections, new until marked as read, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.inbox import items, notes
from feedback.models import TrainerNote
from peersupport.audit.models import AuditEvent
from peersupport.people import erasure, own_data
from peersupport.practice import chats
from skills.review.corrections import correct_tags


@pytest.fixture
def as_(people):
    def as_(who: str) -> Client:
        client = Client()
        client.force_login(getattr(people, who))
        return client

    return as_


def send(client, chat, text: str, **more):
    return client.post(reverse("feedback:note", args=[chat.pk]), {"text": text, **more})


def test_a_note_reaches_the_volunteer_and_only_ids_reach_the_audit_log(as_, people, chat):
    chats.end_chat(chat)
    assert send(as_("trainer"), chat, " You waited.\r\nGood. ").status_code == 302
    assert TrainerNote.objects.get().text == "You waited.\nGood."
    assert [line.object_kind for line in AuditEvent.objects.filter(verb="note")] == ["trainernote"]
    volunteer = as_("volunteer")
    assert "1 new" in volunteer.get(reverse("practice:chats")).content.decode()
    assert "You waited." in volunteer.get(reverse("feedback:inbox")).content.decode()
    assert "You waited." in volunteer.get(reverse("practice:chat", args=[chat.pk])).content.decode()
    assert "You waited." not in as_("peer").get(reverse("feedback:inbox")).content.decode()


@pytest.mark.parametrize("text", ["  ", "x" * 2001])
def test_an_empty_or_endless_note_is_refused(as_, chat, text):
    chats.end_chat(chat)
    answer = as_("trainer").post(reverse("feedback:note", args=[chat.pk]), {"text": text}, follow=True)
    assert "note-error" in answer.content.decode()
    assert not TrainerNote.objects.exists()


def test_a_trainer_whose_assignment_ended_writes_no_more(as_, people, chat):
    chats.end_chat(chat)
    people.trainer.memberships.update(until=timezone.now() - timedelta(seconds=1))
    assert send(as_("trainer"), chat, "late").status_code == 404


def test_corrections_of_one_message_are_one_entry_with_the_last_word(people, chat, say):
    message = say("You should sleep more.")
    correct_tags(message, codes=["affirm", "support"], trainer=people.trainer, note="first")
    correct_tags(message, codes=["affirm"], trainer=people.trainer, note="second")
    [item] = items.inbox(people.volunteer)
    assert (item.kind, item.quote, item.text) == ("correction", "You should sleep more.", "second")
    assert item.lines == ("Added: Affirm", "Taken away: Support")
    assert items.unread(people.volunteer) == 1


def test_read_is_what_stood_on_the_page_and_what_came_later_stays_new(as_, people, chat):
    notes.write_note(chat, trainer=people.trainer, text="first")
    made = timezone.now()
    notes.write_note(chat, trainer=people.trainer, text="second")
    volunteer = as_("volunteer")
    volunteer.post(reverse("feedback:inbox-read"), {"made": made.isoformat()})
    assert [(item.text, item.new) for item in items.inbox(people.volunteer)] == [
        ("second", True),
        ("first", False),
    ]
    volunteer.post(reverse("feedback:inbox-read"), {"made": "2126-01-01T00:00:00+00:00"})
    assert items.unread(people.volunteer) == 0
    notes.write_note(chat, trainer=people.trainer, text="third")
    assert items.unread(people.volunteer) == 1  # nobody can mark the future as read
    for nonsense in ("0001-01-01T00:00:00+23:59", "2026-99-99T00:00", "x", ""):
        assert volunteer.post(reverse("feedback:inbox-read"), {"made": nonsense}).status_code == 302


def test_counting_what_is_new_is_one_query_and_none_for_others(people, chat, say):
    correct_tags(say("hello"), codes=["affirm"], trainer=people.trainer)
    notes.write_note(chat, trainer=people.trainer, text="a")
    with CaptureQueriesContext(connection) as queries:
        assert items.unread(people.volunteer) == 2
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert items.unread(people.trainer) == 0
    assert len(queries) == 0


def test_notes_are_in_the_own_data_of_both_and_go_with_the_volunteer(people, chat):
    notes.write_note(chat, trainer=people.trainer, text="a word")
    items.mark_read(people.volunteer)
    assert [row["by_you"] for row in notes.rows(people.volunteer)] == [False]
    assert [row["by_you"] for row in notes.rows(people.trainer)] == [True]
    assert '"inbox_read_until": [\n{' in "".join(own_data.as_json(people.volunteer))
    erasure.erase_now(people.trainer, by=None)
    [item] = items.inbox(people.volunteer)
    assert "account is gone" in item.who
    erasure.erase_now(people.volunteer, by=None)
    assert not TrainerNote.objects.exists()
