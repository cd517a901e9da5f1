"""Disputing a tag: by the volunteer of the message alone, once, and visible on the tag."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from peersupport.people import own_data
from peersupport.practice import chats, tries
from peersupport.practice.models import ChatEvent
from skills.models import Dispute

WORDS = "I asked, I did not tell."


@pytest.fixture
def tagged(say, drain):
    message = say("You should just tell them no.")
    drain("live")
    return message


@pytest.fixture
def code(tagged):
    return tagged.taggings.get().tags.first().code


def client_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(person, message, code, **fields):
    return client_of(person).post(
        reverse("skills:dispute", args=[message.pk, code]), fields, headers=fields.pop("headers", None)
    )


def test_a_dispute_is_kept_once_and_the_tag_says_so(tagged, code, people, chat):
    events = ChatEvent.objects.filter(chat=chat).count()
    assert post(people.volunteer, tagged, code, reason="not_there", words=WORDS).status_code == 302
    assert post(people.volunteer, tagged, code, reason="context").status_code == 302
    [row] = Dispute.objects.all()
    assert (row.reason, row.words) == ("context", "")
    assert ChatEvent.objects.filter(chat=chat).count() == events + 1  # open pages hear of it, once
    chats.end_chat(chat)
    for who in (people.volunteer, people.trainer):
        page = client_of(who).get(reverse("practice:chat", args=[chat.pk])).content.decode()
        assert page.count("disputed</span>") == 1


def test_others_cannot_and_nonsense_is_refused(tagged, code, people):
    chats.end_chat(tagged.chat)
    statuses = {
        who: post(getattr(people, who), tagged, code, reason="not_there").status_code
        for who in ("trainer", "peer", "outsider", "admin")
    }
    assert statuses == {"trainer": 403, "peer": 404, "outsider": 404, "admin": 403}
    card = {"HX-Request": "true"}
    for headers, status in ((card, 400), ({}, 302)):
        wrong = [
            post(people.volunteer, tagged, code, reason="because", headers=headers),
            post(people.volunteer, tagged, "chit_chat", reason="not_there", headers=headers),
        ]
        assert [answer.status_code for answer in wrong] == [status, status]
    long = post(people.volunteer, tagged, code, reason="not_there", words="x" * 501, headers=card)
    assert long.status_code == 400 and "501 characters long" in long.text
    assert not Dispute.objects.exists()
    assert post(people.volunteer, tagged, code, reason="not_there", words="a\r\n" * 250).status_code == 302


def test_without_javascript_it_leads_back_to_the_message(tagged, code, people):
    client, place = client_of(people.volunteer), reverse("practice:chat", args=[tagged.chat_id])
    address = reverse("feedback:evidence-card", args=[code])
    back = f'<a href="{place}#message-{tagged.pk}">Back to the message</a>'
    assert back in client.get(address, {"message": tagged.pk}).text
    assert "Back to the message" not in client.get(address).text
    form = reverse("skills:dispute", args=[tagged.pk, code])
    refused = client.post(form, {"reason": "not_there", "words": "x" * 501})
    assert refused["Location"] == f"{place}#message-{tagged.pk}"
    page = client.get(place).text
    assert "note-error" in page and "501 characters long" in page


def test_the_card_offers_it_on_ones_own_tag_only(tagged, code, people):
    chats.end_chat(tagged.chat)
    address = reverse("feedback:evidence-card", args=[code])
    form = reverse("skills:dispute", args=[tagged.pk, code])

    def card(who, **query) -> str:
        return client_of(who).get(address, query, headers={"HX-Request": "true"}).content.decode()

    assert form in card(people.volunteer, message=tagged.pk)
    assert form not in card(people.volunteer)
    assert form not in card(people.trainer, message=tagged.pk)
    answer = client_of(people.volunteer).post(
        form, {"reason": "other", "words": WORDS}, headers={"HX-Request": "true"}
    )
    assert "<html" not in answer.content.decode()
    assert WORDS in answer.content.decode()
    seen = card(people.trainer, message=tagged.pk)
    assert WORDS in seen
    assert form not in seen


def test_exported_and_erased_with_the_message_and_never_on_a_copy(tagged, code, people, chat, drain):
    post(people.volunteer, tagged, code, reason="language", words=WORDS)
    found = json.loads("".join(own_data.as_json(people.volunteer)))["disputes"]
    assert [(row["code"], row["reason"], row["words"]) for row in found] == [(code, "language", WORDS)]
    second = chats.post_message(chat, text="What else is on your mind?", key="second").message
    drain("live")
    chats.end_chat(chat)
    copy = tries.try_again(second).messages.get(text=tagged.text)
    post(people.volunteer, copy, code, reason="not_there")
    assert not Dispute.objects.filter(message=copy).exists()
    chat.delete()
    assert not Dispute.objects.exists()
