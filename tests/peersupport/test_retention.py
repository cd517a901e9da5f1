"""Chats whose time is over: erased by a job with one line each, and only those."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.models import MockRating
from feedback.reports import files
from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from peersupport.people import erasure, retention
from peersupport.practice import chats
from peersupport.practice.models import PracticeChat


def age(chat, *, days: int, ended: int | None) -> None:
    now = timezone.now()
    at = None if ended is None else now - timedelta(days=ended)
    PracticeChat.objects.filter(pk=chat.pk).update(created_at=now - timedelta(days=days), ended_at=at)


@pytest.fixture
def three(people, chat):
    """One that is over, one never ended but long begun, one long begun and lately ended."""
    other = chats.start_chat(people.volunteer, chat.scenario)
    third = chats.start_chat(people.peer, chat.scenario)
    age(chat, days=100, ended=99)
    age(other, days=100, ended=None)
    age(third, days=100, ended=1)
    return chat, other, third


def test_what_is_over_is_erased_with_its_files_and_leaves_a_line(three, people, drain, settings, monkeypatch):
    settings.RETENTION_DAYS = 30
    monkeypatch.setattr("peersupport.people.erasure.tidy", lambda: None)
    path = files.folder_of(people.volunteer.pk) / f"{three[0].pk}-1-0.pdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"pdf")
    admin = Client()
    admin.force_login(people.admin)
    assert "2 chats are over their time" in admin.get(reverse("people:retention")).content.decode()
    admin.post(reverse("people:retention-start"))
    htmx = {"HX-Request": "true"}
    shown = admin.get(reverse("people:retention")).text
    assert 'hx-trigger="every 3s"' in shown and "Look again" in shown and "Erase them now" not in shown
    text = admin.get(reverse("people:retention"), headers=htmx).text
    assert text.startswith('<section id="erasing"') and "<progress" in text
    drain("batch")
    answer = admin.get(reverse("people:retention"), headers=htmx)
    assert "HX-Refresh" not in answer and 'hx-trigger="every 3s"' not in answer.text
    assert "0 chats are over their time" in answer.text
    assert re.search(r'data-said="Last begun [^"]*: 2 erased\."', answer.text)
    assert list(PracticeChat.objects.values_list("pk", flat=True)) == [three[2].pk]
    assert not path.exists()
    assert AuditEvent.objects.filter(verb="retention_erased", actor_id=None).count() == 2
    assert AuditEvent.objects.filter(verb="retention_started", actor_id=people.admin.pk).count() == 1
    assert "2 erased" in admin.get(reverse("people:retention")).content.decode()
    admin.post(reverse("people:retention-start"))
    assert Job.objects.filter(kind="retention").count() == 1


def test_it_says_how_many_of_them_are_signed_off(three, people, settings):
    settings.RETENTION_DAYS = 30
    admin = Client()
    admin.force_login(people.admin)
    assert "signed off:" not in admin.get(reverse("people:retention")).text
    rating = {"cultivating": 4, "softening": 4, "partnership": 4, "empathy": 4}
    for chat in three[:2]:
        MockRating.objects.create(chat=chat, trainer=people.trainer, decision="signed_off", **rating)
    # Once is once, whoever signed it off as well; one that another says "not yet" to is none.
    for chat, decision in ((three[0], "signed_off"), (three[1], "not_yet"), (three[2], "signed_off")):
        MockRating.objects.create(chat=chat, trainer=people.other_trainer, decision=decision, **rating)
    text = admin.get(reverse("people:retention")).text
    assert "2 chats are over their time" in text and "1 of them is signed off:" in text


def test_it_starts_by_itself_once_a_day_and_never_without_a_setting(three, settings):
    retention.start_daily()
    assert retention.due().count() == 0
    assert not Job.objects.filter(kind="retention").exists()
    settings.RETENTION_DAYS = 30
    retention.start_daily()
    Job.objects.filter(kind="retention").update(status="done")
    retention.start_daily()
    assert Job.objects.filter(kind="retention").count() == 1
    Job.objects.filter(kind="retention").update(created_at=timezone.now() - timedelta(hours=25))
    retention.start_daily()
    assert Job.objects.filter(kind="retention").count() == 2


@pytest.fixture
def claimed(three, settings, monkeypatch):
    """The job, held by a worker that looks at its context after each chat; two chats are due."""
    settings.RETENTION_DAYS = 30
    monkeypatch.setattr(erasure, "tidy", lambda: None)
    monkeypatch.setattr(retention, "PAGE", 1)
    retention.start()
    [job] = queue.claim("batch", "worker")
    return job


def run(job, *gives_way):
    context, answers = running.Context(threading.Event()), iter(gives_way)
    context.gives_way = lambda job, worked: next(answers, False)
    return retention.run([job], context)[job.pk]


def test_it_gives_way_after_a_chat_and_goes_on_from_there(claimed, three):
    assert isinstance(run(claimed, True), queue.StoppedError)
    assert PracticeChat.objects.count() == 2
    assert Job.objects.get().checkpoint == {"done": 1, "total": 2}
    run(Job.objects.get())
    assert list(PracticeChat.objects.all()) == [three[2]]
    assert (Job.objects.get().checkpoint, Job.objects.get().progress) == ({"done": 2, "total": 2}, 1.0)


def test_an_erasure_that_waits_is_let_go_first(claimed, people):
    queue.enqueue("erase", people.peer.pk)
    context = running.Context(threading.Event())
    assert context.gives_way(claimed, running.GIVE_WAY_SECONDS + 1)
    asked = []
    context.gives_way = lambda job, worked: asked.append(job)
    retention.run([claimed], context)
    assert len(asked) == 2


def test_a_chat_that_stays_is_passed_once(claimed, monkeypatch):
    seen = []
    monkeypatch.setattr(erasure, "erase_chat", lambda pk: bool(seen.append(pk)))
    run(claimed)
    assert len(set(seen)) == len(seen) == 2


def test_one_that_went_meanwhile_leaves_no_line(claimed, three, monkeypatch):
    real = retention._erase

    def late(chat_id):
        with transaction.atomic():
            erasure.erase_chat(chat_id)
        return real(chat_id)

    monkeypatch.setattr(retention, "_erase", late)
    run(claimed)
    assert not AuditEvent.objects.filter(verb="retention_erased").exists()
    assert list(PracticeChat.objects.all()) == [three[2]]
