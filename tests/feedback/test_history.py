"""The technique mix beside the volunteer's own earlier chats: what counts, and who sees it."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench.reviewing import ended_chat, tagged
from feedback.reports import history
from peersupport.practice import chats
from peersupport.practice.models import Message, PracticeChat
from skills.models import Correction

MIX = [{"code": "affirm"}, {"code": "warn"}]


def before(chat) -> tuple:
    found = history.beside_earlier(MIX, chat)
    return found["earlier"], *(row["earlier"] for row in found["mix"])


def test_ended_own_earlier_chats_count_with_the_tags_that_hold(people, chat, monkeypatch):
    def earlier(volunteer=people.volunteer, **fields):
        one = ended_chat(volunteer, chat.scenario)
        said = tagged(one, affirm=0.9)
        created = timezone.now() - timedelta(days=2)
        PracticeChat.objects.filter(pk=one.pk).update(**{"created_at": created, **fields})
        return said

    assert before(chat) == (0, 0, 0)
    earlier()
    tagged(earlier().chat, affirm=0.9)  # twice in one chat is one chat
    Correction.objects.create(message=earlier(), code="affirm", action="remove", trainer=people.trainer)
    Correction.objects.create(message=earlier(), code="warn", action="add", trainer=people.trainer)
    earlier(people.peer)
    earlier(status="open")
    earlier(kind="imported", scenario=None)
    earlier(created_at=timezone.now() + timedelta(days=1))
    copied = earlier(created_at=timezone.now() - timedelta(days=3))
    Message.objects.filter(pk=copied.pk).update(copied=True)
    ended_chat(people.volunteer, chat.scenario)  # nothing was said in it
    with CaptureQueriesContext(connection) as asked:
        assert before(chat) == (4, 3, 1)
    assert len(asked) == 3
    monkeypatch.setattr(history, "MOST", 1)
    assert before(chat) == (1, 1, 1)
    PracticeChat.objects.filter(pk=chat.pk).update(kind="imported", scenario=None)
    chat.refresh_from_db()
    assert before(chat) == (0, 0, 0)


def test_the_owner_alone_sees_it_and_only_where_there_is_something(people, chat, say, drain):
    say("You kept going all the same, and that says a lot about you.")
    drain("live")
    chats.end_chat(chat)
    drain("coach")

    def page(user) -> str:
        client = Client()
        client.force_login(user)
        return client.get(reverse("feedback:report", args=[chat.pk])).content.decode()

    assert "Earlier chats" not in page(people.volunteer)
    one = ended_chat(people.volunteer, chat.scenario)
    tagged(one, chit_chat=0.9)
    PracticeChat.objects.filter(pk=one.pk).update(created_at=chat.created_at - timedelta(days=1))
    assert '<td class="number">0 of 1</td>' in page(people.volunteer)
    assert "Earlier chats" not in page(people.trainer)
