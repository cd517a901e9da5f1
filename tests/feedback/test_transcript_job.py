"""From a confirmed transcript to tags and report, with the shipped tagger."""

from __future__ import annotations

import threading

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import SessionReport
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from peersupport.practice import chats, deleting
from peersupport.practice.models import ChatEvent, Message, SeekerStateRecord
from skills.models import Tagging
from tests.peersupport.transcripts import PASTED, imported


def test_counselor_messages_are_tagged_and_the_report_follows(people, drain):
    chat = imported(people.volunteer)
    assert drain("live", "batch") == 0
    assert drain("coach") == 2
    counselor = chat.messages.filter(role="counselor")
    assert set(counselor.values_list("turn", flat=True)) == {"done"}
    assert Tagging.objects.filter(message__in=counselor).count() == 3
    assert not Tagging.objects.exclude(message__in=counselor).exists()
    assert chat.messages.count() == 5 and not SeekerStateRecord.objects.exists()
    report = SessionReport.objects.get(chat=chat)
    assert report.status in ("ready", "partial")
    assert report.body["topic"] == "general" and report.body["crisis"]
    assert len(report.body["messages"]) == 5


def test_the_seekers_words_before_each_message_are_its_context(people, monkeypatch, drain):
    seen = []

    class Tagger:
        version = "spy"

        def tag(self, items):
            seen.extend((item.text, item.previous) for item in items)
            return [None] * len(items)

    monkeypatch.setattr("feedback.transcript.load_tagger", Tagger)
    imported(people.volunteer)
    [job] = queue.claim("coach", "test")
    running.run_claimed([job], running.Context(threading.Event()))
    assert [previous for _, previous in seen] == [
        "", "hi. its work mostly, write me at [e-mail]",
        "sometimes I think everyone would be better off without me",
    ]  # fmt: skip


def test_an_open_page_fills_slice_by_slice(people, drain):
    chat = imported(people.volunteer, PASTED * 4)
    chat.refresh_from_db()
    client = Client()
    client.force_login(people.volunteer)
    events = f"{reverse('practice:events', args=[chat.pk])}?after={chat.last_seq}"
    assert client.get(events).content == b""
    drain("coach")
    turns = ChatEvent.objects.filter(chat=chat, kind="turn")
    assert turns.count() == 12
    page = client.get(events).content.decode()
    assert page.count('data-turn="done"') == 12
    assert 'id="reading"' in page and "<progress" not in page  # nothing waits any more
    assert "All messages are read." in page
    assert Job.objects.get(kind="transcript").progress == pytest.approx(1.0)


def test_what_is_read_in_slices_is_not_read_out_message_by_message(people, chat):
    client = Client()
    client.force_login(people.volunteer)
    for one, live in ((imported(people.volunteer), "off"), (chat, "polite")):
        page = client.get(reverse("practice:chat", args=[one.pk])).text
        assert f'role="log" aria-live="{live}"' in page


def test_a_worker_that_stops_leaves_the_rest_for_the_next(people, drain):
    chat = imported(people.volunteer, PASTED * 4)
    stopping = threading.Event()
    [job] = queue.claim("coach", "test")

    class Context(running.Context):
        def checkpoint(self, job, **given):
            super().checkpoint(job, **given)
            stopping.set()

    running.run_claimed([job], Context(stopping))
    assert chat.messages.filter(turn="pending").count() == 4
    drain("coach")
    assert chat.messages.filter(turn="pending").count() == 0
    assert Tagging.objects.filter(message__chat=chat).count() == 12


def test_what_keeps_failing_says_so_and_can_be_tried_again(people, drain, monkeypatch):
    def broken():
        raise OSError

    chat = imported(people.volunteer)
    with monkeypatch.context() as patch:
        patch.setattr("feedback.transcript.load_tagger", broken)
        for _ in range(3):
            Job.objects.update(available_at=chat.created_at)
            drain("coach")
    failed = chat.messages.filter(turn="failed")
    assert failed.count() == 3
    client = Client()
    client.force_login(people.volunteer)
    page = client.get(reverse("practice:chat", args=[chat.pk])).text
    assert "3 messages could not be read" in page and "All messages are read." not in page
    assert chats.retry_turn(failed.first()) is True
    assert chat.messages.filter(turn="pending").count() == 3  # one click for all of them
    drain("coach")
    assert set(chat.messages.filter(role="counselor").values_list("turn", flat=True)) == {"done"}
    assert chat.messages.count() == 5


def test_a_chat_deleted_while_its_job_waits_leaves_nothing(people, drain):
    chat = imported(people.volunteer)
    [job] = queue.claim("coach", "late")
    deleting.delete(chat, by=people.volunteer)
    running.run_claimed([job], running.Context(threading.Event()))
    assert not Message.objects.exists() and not Tagging.objects.exists()


def test_no_text_in_the_jobs_row(people, drain):
    imported(people.volunteer)
    drain("coach")
    job = Job.objects.get(kind="transcript")
    assert "wearing" not in f"{job.subject}{job.checkpoint}{job.error}"
