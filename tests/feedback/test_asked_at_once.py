"""A report and another wording of a reply, asked for twice at the same moment or while one is written."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from feedback.models import OtherWording, SessionReport
from feedback.reports import requests, wordings
from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.practice import chats
from peersupport.practice.models import Message, PracticeChat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ended(chat):
    """With a report, which is all that asking looks at."""
    PracticeChat.objects.filter(pk=chat.pk).update(status="ended")
    SessionReport.objects.create(chat=chat, status="ready", body={"points": []})
    return chat


def at_once(*calls) -> list[Exception]:
    errors = []

    def do(call):
        try:
            call()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return errors


def test_a_report_asked_for_twice_at_once_is_written_once(ended, people, monkeypatch):
    real = requests.request_report

    def slowly(chat):
        time.sleep(0.5)  # the other one has looked by now
        return real(chat)

    monkeypatch.setattr(requests, "request_report", slowly)
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(people.volunteer)
    address = reverse("feedback:report-retry", args=[ended.pk])
    assert at_once(*(lambda client=client: client.post(address) for client in clients)) == []
    assert Job.objects.filter(kind="report").count() == 1
    assert AuditEvent.objects.filter(verb="retry").count() == 1
    assert SessionReport.objects.get().status == "pending"


def test_a_report_that_failed_or_was_never_asked_for_is_asked_for(ended, people):
    SessionReport.objects.update(status="failed")
    assert requests.request_again(ended, by=people.volunteer).status == "pending"
    assert requests.request_again(ended, by=people.volunteer) is None
    SessionReport.objects.all().delete()
    assert requests.request_again(ended, by=people.volunteer) is not None
    PracticeChat.objects.all().delete()
    assert requests.request_again(ended, by=people.volunteer) is None


@pytest.mark.parametrize("what", ["wording", "report"])
def test_who_asks_while_a_report_is_written_waits_for_it_and_not_for_ever(what, ended, people, monkeypatch):
    monkeypatch.setattr(wordings, "point_at", lambda body, index: {"index": index})
    queue.enqueue("report", ended.pk)
    [job] = queue.claim("coach", "worker")
    holds = threading.Event()

    def write():
        chat = PracticeChat.objects.select_for_update().get(pk=ended.pk)
        holds.set()
        time.sleep(0.5)  # until the other one has locked what it locks first
        SessionReport.objects.filter(chat=chat).update(status="ready")

    def ask():
        assert holds.wait(10)
        if what == "wording":
            assert wordings.ask(ended, 2, warmth=0, brief=False)
        else:
            assert requests.request_again(ended, by=people.volunteer)

    assert at_once(lambda: queue.close(job, write), ask) == []
    assert OtherWording.objects.count() == (what == "wording")


def test_a_turn_is_tried_again_while_it_is_written(say):
    message = say("What happened then?")
    Message.objects.filter(pk=message.pk).update(turn="failed")
    [job] = queue.claim("live", "worker")
    holds, won = threading.Event(), []

    def write():
        PracticeChat.objects.select_for_update().get(pk=message.chat_id)
        holds.set()
        time.sleep(0.5)
        Message.objects.filter(pk=message.pk).update(turn="done")

    def retry():
        assert holds.wait(10)
        won.append(chats.retry_turn(message))

    assert at_once(lambda: queue.close(job, write), retry) == []
    assert won == [False] and Message.objects.get(pk=message.pk).turn == "done"
