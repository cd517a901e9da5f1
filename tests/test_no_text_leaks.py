"""What people write stays in the messages: not in logs, job rows, audit lines, addresses or the broker."""

from __future__ import annotations

import logging

import pytest
from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.logs import about
from peersupport.practice.models import AfterChat, ChatEvent, Message, TranscriptDraft
from skills.models import Dispute
from tests import leaks
from tests.leaks import CANARY, migrations, watch


def rows(*models) -> str:
    return "\n".join(serializers.serialize("json", model.objects.all()) for model in models)


@pytest.fixture
def everything_logged(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


def test_a_whole_practice_leaves_no_text_behind(client, people, chat, drain, everything_logged):
    client.force_login(people.volunteer)
    url = reverse("practice:post", args=[chat.pk])
    client.post(url, {"text": f"I hear {CANARY}. I want to die.", "key": "1"})
    client.post(url, {"text": CANARY * 400, "key": "2"})  # refused: too long
    client.post(url, {"nonsense": CANARY})
    drain()
    client.post(reverse("practice:end", args=[chat.pk]))
    drain()
    assert Message.objects.filter(text__contains=CANARY).count() == 1
    assert CANARY not in everything_logged.text
    assert CANARY not in rows(Job, AuditEvent, ChatEvent)


def test_an_error_that_quotes_the_text_is_kept_without_it(chat, say, drain, everything_logged, monkeypatch):
    def quoting(items):
        raise ValueError(f"cannot tag {items!r}")

    class Broken:
        tag = staticmethod(quoting)

    monkeypatch.setattr("feedback.turn.load_tagger", Broken)
    say(f"my {CANARY}")
    drain("live")
    [job] = Job.objects.filter(kind="turn")
    assert "ValueError" in job.error
    assert "feedback/turn.py" in job.error
    assert CANARY not in job.error
    assert CANARY not in everything_logged.text


def test_a_crash_of_a_page_logs_no_text(client, people, chat, everything_logged, monkeypatch):
    def crash(*args, **kwargs):
        raise RuntimeError(f"cannot assess {CANARY}")

    client.raise_request_exception = False
    client.force_login(people.volunteer)
    monkeypatch.setattr("peersupport.practice.chats.assess", crash)
    answer = client.post(reverse("practice:post", args=[chat.pk]), {"text": CANARY, "key": "1"})
    assert answer.status_code == 500
    assert CANARY not in everything_logged.text
    assert CANARY not in answer.content.decode()


def test_debug_pages_are_off():
    assert settings.DEBUG is False


def test_the_watch_on_log_records_sees_every_logger_and_what_was_said(say):
    said = say("something that only this test says").text
    logging.getLogger("kept.quiet").addHandler(logging.NullHandler())
    logging.getLogger("kept.quiet").propagate = False
    logging.getLogger("kept.quiet").warning("cannot read %r", {"text": said})
    logging.getLogger("anybody").error(f"lost {CANARY}")
    logging.getLogger("anybody").error("lost message 4")
    assert [leak.split()[0] for leak in watch.leaks] == ["kept.quiet", "anybody"]
    watch.begin()


def test_the_watch_listens_to_every_column_that_migrations_name():
    for name, migration in migrations().items():
        assert leaks.columns_of(migration), f"{name} keeps text out of statistics, and none of it is heard"
    held = {
        (model._meta.db_table, field.column)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields
    }
    assert leaks.columns() - held == set()
    assert len(leaks.columns()) > 40
    assert set(leaks.NOT_OF_PEOPLE) <= held


def test_the_watch_hears_what_is_written_many_at_once_and_beside_messages(chat, people):
    """As imported transcripts and copied messages are; notes, answers, wordings and drafts."""
    said = [f"number {number} of what was told today" for number in range(9)]
    keys = {"chat": chat, "role": "seeker"}
    Message.objects.bulk_create(
        Message(index=90 + n, idempotency_key=f"k{n}", text=said[n], **keys) for n in range(2)
    )
    AfterChat.objects.create(chat=chat, stays=said[2])
    AfterChat.objects.filter(chat=chat).update(goes=f"first\n  {said[3]}  \nlast")
    Dispute.objects.create(
        message=chat.messages.first(), code="warn", volunteer=people.volunteer, words=said[4]
    )
    TranscriptDraft.objects.create(owner=people.volunteer, body={"turns": [{"text": said[5]}]})
    message = Message.objects.get(text=said[0])
    message.text = said[6]
    Message.objects.bulk_update([message], ["text"])
    for words in said[:7]:
        logging.getLogger("anybody").error("lost %s", words)
    logging.getLogger("fields").error("lost one", extra={"fields": {"about": said[0]}})
    with about(words=said[1]):
        logging.getLogger("context").error("lost one")
    logging.getLogger("anybody").error("not written: %s", said[8])
    assert [leak.split()[0] for leak in watch.leaks] == ["anybody"] * 7 + ["fields", "context"]
    watch.begin()
