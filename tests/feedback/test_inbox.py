"""The inbox: trainers' notes and corrections, new until marked as read, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench.reviewing import second_trainer, tagged
from feedback.inbox import items, notes
from feedback.models import SessionReport, TrainerNote
from feedback.reports import files, pdf
from peersupport.audit.models import AuditEvent
from peersupport.people import erasure, own_data
from peersupport.people.models import Cohort
from peersupport.practice import chats
from peersupport.practice.models import PracticeChat
from skills.review import coding
from skills.review.corrections import correct_tags


@pytest.fixture
def as_(people):
    def as_(who: str) -> Client:
        client = Client()
        client.force_login(getattr(people, who))
        return client

    return as_


def send(client, chat, text: str, *, follow: bool = False, **more):
    return client.post(reverse("feedback:note", args=[chat.pk]), {"text": text, **more}, follow=follow)


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


def test_a_note_is_taken_back_by_its_author_within_an_hour_and_its_pdf_goes(as_, people, chat):
    chats.end_chat(chat)
    colleague = second_trainer(Cohort.objects.get(name="North"))
    note, kept = (notes.write_note(chat, trainer=people.trainer, text=text) for text in ("wrong", "right"))
    file = files.folder_of(people.volunteer.pk) / f"{chat.pk}-0-1.pdf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"with the note")
    trainer, other, volunteer = as_("trainer"), Client(), as_("volunteer")
    other.force_login(colleague)
    pages = [reverse("practice:chat", args=[chat.pk]), reverse("feedback:report", args=[chat.pk])]
    offered = f'name="withdraw" value="{note.pk}"'
    for page in pages:
        shown = [offered in client.get(page).text for client in (trainer, other, volunteer)]
        assert shown == [True, False, False]
    for number in ("x", "", "9" * 40, str(note.pk)):
        assert "There is no note of yours" in send(other, chat, "", withdraw=number, follow=True).text
    assert send(volunteer, chat, "", withdraw=note.pk).status_code == 403
    assert send(as_("other_trainer"), chat, "", withdraw=note.pk).status_code == 404
    assert TrainerNote.objects.count() == 2
    answer = trainer.post(reverse("feedback:note", args=[chat.pk]), {"withdraw": note.pk, "from": "report"})
    assert answer["Location"] == pages[1] + "#notes"
    assert [item.text for item in items.inbox(people.volunteer)] == ["right"] and not file.exists()
    [line] = AuditEvent.objects.filter(verb="note_withdrawn")
    assert (line.actor_id, line.object_id) == (people.trainer.pk, str(note.pk))
    TrainerNote.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert f'value="{kept.pk}"' not in trainer.get(pages[0]).text
    assert "older than an hour" in send(trainer, chat, "", withdraw=kept.pk, follow=True).text
    assert TrainerNote.objects.get() == kept


def test_a_pdf_made_before_a_note_was_taken_back_is_not_kept(people, chat):
    chats.end_chat(chat)
    report = SessionReport.objects.filter(chat=chat).first() or SessionReport.objects.create(chat=chat)
    note = notes.write_note(chat, trainer=people.trainer, text="wrong")
    path = files.path_of(report, 1)
    pdf._write(report, path, b"with the note", [note.pk])
    assert path.read_bytes() == b"with the note"
    notes.take_back(chat, trainer=people.trainer, note_id=note.pk)
    pdf._write(report, path, b"with the note", [note.pk])
    assert not path.exists()


def test_a_note_on_a_confirmed_message_is_read_in_the_inbox_and_at_the_message(as_, people, chat, settings):
    settings.REVIEW_DOUBLE_PERCENT = 0
    chats.end_chat(chat)
    message = tagged(chat, affirm=0.99)
    page = reverse("practice:chat", args=[chat.pk])
    seq = PracticeChat.objects.get(pk=chat.pk).last_seq
    coding.save(message, trainer=people.trainer, codes=["affirm"], spans={}, note="Well <put>.")
    [item] = items.inbox(people.volunteer)
    assert (item.kind, item.text, item.quote, item.new) == ("remark", "Well <put>.", message.text, True)
    assert items.unread(people.volunteer) == 1 and items.unread(people.peer) == 0
    assert "Well &lt;put&gt;." in as_("volunteer").get(page).text
    assert PracticeChat.objects.get(pk=chat.pk).last_seq == seq + 1  # an open page shows it, too
    # With a correction of its own a note is there already; without a note there is nothing to read.
    coding.save(message, trainer=people.trainer, codes=["support"], spans={}, note="Look again.")
    coding.save(message, trainer=people.trainer, codes=["support"], spans={})
    assert [item.kind for item in items.inbox(people.volunteer)] == ["correction", "remark"]
    shown = as_("volunteer").get(page).text
    assert shown.count("Look again.") == 1 and shown.index("Well &lt;put&gt;.") < shown.index("Look again.")


def test_notes_of_two_blind_codings_are_read_once_both_are_the_same(people, chat, settings):
    settings.REVIEW_DOUBLE_PERCENT = 100
    chats.end_chat(chat)
    colleague = second_trainer(Cohort.objects.get(name="North"))
    message = tagged(chat, affirm=0.99)
    coding.save(message, trainer=people.trainer, codes=["affirm"], spans={}, note="first")
    items.mark_read(people.volunteer)
    assert items.inbox(people.volunteer) == [] and '"first"' not in "".join(
        own_data.as_json(people.volunteer)
    )
    coding.save(message, trainer=colleague, codes=["affirm"], spans={}, note="second")
    found = items.inbox(people.volunteer)
    assert sorted(item.text for item in found) == ["first", "second"] and all(item.new for item in found)
    assert items.unread(people.volunteer) == 2
    assert '"first"' in "".join(own_data.as_json(people.volunteer))
