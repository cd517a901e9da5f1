"""Posting a message: once per key, in order, with the safety rules run on the spot."""

from __future__ import annotations

import random
import threading
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from peersupport.jobs.models import Job
from peersupport.practice import chats
from peersupport.practice.models import ChatEvent, Message

CLIENTS = 8
POSTS = 1000


def test_a_key_is_kept_once(chat):
    first = chats.post_message(chat, text="hello", key="k")
    second = chats.post_message(chat, text="hello again", key="k")
    assert (first.created, second.created) == (True, False)
    assert second.message.pk == first.message.pk
    assert Job.objects.filter(kind="turn").count() == 1


def test_a_new_chat_opens_with_the_seeker(chat):
    [opening] = Message.objects.filter(chat=chat)
    assert (opening.role, opening.index) == ("seeker", 1)
    assert opening.seeker_state.line_id == "opening"


@pytest.mark.parametrize("text", ["", "  \n ", "\x00", "x" * 4001])
def test_text_that_cannot_be_kept_says_why(chat, text):
    with pytest.raises(ValidationError) as caught:
        chats.post_message(chat, text=text, key="k")
    assert len(caught.value.messages[0]) > 20
    assert Message.objects.filter(chat=chat, role="counselor").count() == 0


def test_lone_surrogates_are_replaced(chat):
    posted = chats.post_message(chat, text="ok \ud800 then", key="k")
    assert posted.message.text == "ok ? then"


def test_an_ended_chat_takes_no_message_but_repeats_are_answered(chat):
    chats.post_message(chat, text="hello", key="k")
    assert chats.end_chat(chat) is True
    assert chats.end_chat(chat) is False
    assert chats.post_message(chat, text="hello", key="k").created is False
    with pytest.raises(ValidationError, match="ended"):
        chats.post_message(chat, text="more", key="new")


def test_a_disclosure_is_noticed_without_any_worker(chat):
    posted = chats.post_message(chat, text="honestly i want to kill myself too", key="k")
    assert posted.message.risk_level == "explicit"
    asked = chats.post_message(chat, text="Are you having thoughts of suicide?", key="k2")
    assert asked.message.risk_level == "none"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_thousand_posts_with_double_submits(people):
    """8 browsers at once, a third of the posts sent twice or thrice: 0 lost, 0 doubled."""
    from peersupport.practice.models import Scenario

    chat = chats.start_chat(people.volunteer, Scenario.objects.filter(risk=False).first())
    url = reverse("practice:post", args=[chat.pk])
    keys = [uuid.uuid4().hex for _ in range(POSTS)]
    failures: list[int] = []

    def browser(number: int) -> None:
        rng = random.Random(number)
        client = Client()
        client.force_login(people.volunteer)
        for key in keys[number::CLIENTS]:
            for _ in range(rng.choice([1, 1, 2, 3])):
                answer = client.post(url, {"text": f"message {key}", "key": key})
                if answer.status_code >= 400:
                    failures.append(answer.status_code)
        connection.close()

    threads = [threading.Thread(target=browser, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = Message.objects.filter(chat=chat, role="counselor")
    assert failures == []
    assert sorted(kept.values_list("idempotency_key", flat=True)) == sorted(keys)
    indexes = list(Message.objects.filter(chat=chat).order_by("index").values_list("index", flat=True))
    assert indexes == list(range(1, POSTS + 2))
    seqs = list(ChatEvent.objects.filter(chat=chat).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
    assert Job.objects.filter(kind="turn").count() == POSTS
