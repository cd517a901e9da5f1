"""A chat that is gone by the time its lock is taken, and what a discarded one leaves: words, and no error."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404
from django.test import Client
from django.urls import reverse

from feedback.inbox.notes import write_note
from peersupport.audit.models import AuditEvent
from peersupport.people import access, erasure_list
from peersupport.practice import after, chats, deleting, tries, unused
from peersupport.practice.models import Message, PracticeChat

pytestmark = pytest.mark.usefixtures("list_of_its_own")


@pytest.fixture
def own(people) -> Client:
    client = Client()
    client.force_login(people.volunteer)
    return client


@pytest.fixture
def goes_after_the_check(monkeypatch, people):
    """Another tab discards the chat between the check of access and the lock."""
    allowed = access.own_chat_for_user

    def then_gone(user, chat_id):
        found = allowed(user, chat_id)
        assert unused.discard(found, by=user) is unused.Found.DISCARDED
        return PracticeChat(**{f.attname: getattr(found, f.attname) for f in found._meta.concrete_fields})

    monkeypatch.setattr(access, "own_chat_for_user", then_gone)


def test_ending_a_chat_that_went_meanwhile_leads_to_where_a_discarded_one_does(
    own, chat, goes_after_the_check
):
    answer = own.post(reverse("practice:end", args=[chat.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("practice:scenarios"), 302)]
    assert "was deleted meanwhile" in answer.text and "wrote nothing" not in answer.text


def test_a_chat_that_went_once_it_was_found_to_have_words_cannot_be_ended(people, chat, say):
    say("Hello there.")
    assert unused.discard(chat, by=people.volunteer) is unused.Found.STAYS
    PracticeChat.objects.filter(pk=chat.pk).delete()
    assert chats.end_chat(chat) is False


@pytest.mark.parametrize("headers", [{}, {"X-Fragments": "1"}])
def test_words_for_a_chat_that_went_meanwhile_are_not_lost(own, chat, goes_after_the_check, headers):
    address = reverse("practice:post", args=[chat.pk])
    answer = own.post(address, {"text": "I hear how <tired> you are.", "key": "k"}, headers=headers)
    assert answer.status_code == 400
    assert "This chat is gone. Copy your words" in answer.text
    # With JavaScript the text box keeps them; without, the page that is answered must.
    assert ("I hear how &lt;tired&gt; you are.</textarea>" in answer.text) == (not headers)
    assert not Message.objects.filter(role="counselor").exists()


def test_posting_to_a_chat_that_is_gone_says_so(chat):
    PracticeChat.objects.filter(pk=chat.pk).delete()
    with pytest.raises(ValidationError, match="This chat is gone"):
        chats.post_message(chat, text="hello", key="k")


def test_a_chat_without_words_goes_without_a_line_on_the_list(people, chat):
    before = erasure_list.lines()
    assert unused.discard(chat, by=people.volunteer) is unused.Found.DISCARDED
    assert (erasure_list.lines(), erasure_list.listed()) == (before, [])
    assert AuditEvent.objects.filter(
        verb="delete", object_id=str(chat.pk), actor_id=people.volunteer.pk
    ).exists()
    assert unused.discard(chat, by=people.volunteer) is unused.Found.GONE


def test_another_try_repeats_words_and_is_listed(people, chat, say, drain):
    say("Hello there.")
    drain()
    second = say("What happened then?")
    drain()
    chats.end_chat(chat)
    branch = tries.try_again(second)
    assert unused.discard(branch, by=people.volunteer) is unused.Found.DISCARDED
    assert [line["chat"] for line in erasure_list.listed()] == [str(branch.pk)]


def test_what_is_kept_for_a_rating_is_not_discarded_either(people, chat, monkeypatch):
    monkeypatch.setattr(deleting, "is_kept", lambda chat: True)
    with pytest.raises(deleting.KeptError):
        unused.discard(chat, by=people.volunteer)
    assert PracticeChat.objects.filter(pk=chat.pk).exists()


@pytest.mark.parametrize(
    "write",
    [
        lambda chat, trainer: write_note(chat, trainer=trainer, text="Well waited."),
        lambda chat, trainer: after.rate(chat, {"feel_all_right": 3}, shared=True),
        lambda chat, trainer: after.answer(chat, stays="This.", goes="", shared=False),
    ],
)
def test_what_is_written_about_a_chat_that_went_meanwhile_finds_no_chat(write, people, chat):
    """The keys are looked at when the transaction ends: by then nobody could say it in words."""
    chats.end_chat(chat)
    chat.refresh_from_db()
    PracticeChat.objects.filter(pk=chat.pk).delete()
    with pytest.raises(Http404):
        write(chat, people.trainer)
    assert not AuditEvent.objects.filter(verb="note").exists()
