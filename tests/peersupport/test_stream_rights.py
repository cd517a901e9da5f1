"""A stream looks at the right to read again after it has read."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from peersupport.people.models import User
from peersupport.practice import chats, events
from peersupport.practice.models import Scenario


@pytest.fixture
def asked(people, client):
    chat = chats.start_chat(people.volunteer, Scenario.objects.filter(active=True).first())
    request = RequestFactory().get("/")
    client.force_login(people.volunteer)
    request.session, request.user = client.session, people.volunteer
    return request, chat


def test_a_stream_gives_what_is_new(asked):
    request, chat = asked
    seq, html = events._read.func(request, chat.pk, 0)
    assert seq > 0 and "article" in html
    assert events._read.func(request, chat.pk, seq) == (seq, "")


def test_what_is_read_after_a_right_ended_is_not_sent(asked, monkeypatch):
    request, chat = asked
    first = events.fragments_after

    def ends_meanwhile(*arguments):
        User.objects.filter(pk=request.user.pk).update(is_active=False)
        return first(*arguments)

    monkeypatch.setattr(events, "fragments_after", ends_meanwhile)
    assert events._read.func(request, chat.pk, 0) is None
