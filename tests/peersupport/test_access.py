"""Who may read whose chats, and how soon a change of membership acts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from peersupport.people import access
from peersupport.people.models import Membership
from peersupport.practice import chats, tries
from peersupport.practice.models import Message, PracticeChat


def test_own_chat(people, chat):
    assert access.chat_for_user(people.volunteer, chat.pk) == chat
    assert access.own_chat_for_user(people.volunteer, chat.pk) == chat


def test_a_trainer_reads_what_has_ended_and_the_volunteer_sees_first(people, chat):
    message = Message.objects.get(chat=chat)
    assert not access.chats_for_user(people.trainer).exists()
    for find, what in ((access.chat_for_user, chat), (access.message_for_user, message)):
        with pytest.raises(Http404):
            find(people.trainer, what.pk)
        assert find(people.volunteer, what.pk) == what
    chats.end_chat(chat)
    assert list(access.chats_for_user(people.trainer)) == [chat]
    assert access.message_for_user(people.trainer, message.pk) == message


def test_trainer_of_the_cohort_reads_but_does_not_write(people, chat):
    chats.end_chat(chat)
    assert access.chat_for_user(people.trainer, chat.pk) == chat
    with pytest.raises(PermissionDenied):
        access.own_chat_for_user(people.trainer, chat.pk)


def test_only_what_was_brought_in_can_be_shared_or_deleted_as_such(people, chat):
    with pytest.raises(Http404):
        access.imported_chat_for_user(people.volunteer, chat.pk)
    type(chat).objects.filter(pk=chat.pk).update(kind="imported", scenario=None)
    assert access.imported_chat_for_user(people.volunteer, chat.pk) == chat
    with pytest.raises(Http404):
        access.imported_chat_for_user(people.peer, chat.pk)


@pytest.mark.parametrize("who", ["peer", "outsider", "other_trainer"])
def test_for_others_the_chat_does_not_exist(people, chat, who):
    chats.end_chat(chat)
    with pytest.raises(Http404):
        access.chat_for_user(getattr(people, who), chat.pk)
    with pytest.raises(Http404):
        access.message_for_user(getattr(people, who), Message.objects.get(chat=chat).pk)
    assert not access.chats_for_user(getattr(people, who)).exists()


def test_admins_read_no_chats(people, chat):
    chats.end_chat(chat)
    with pytest.raises(PermissionDenied):
        access.chat_for_user(people.admin, chat.pk)
    assert not access.chats_for_user(people.admin).exists()


@pytest.mark.parametrize("who", ["trainer", "volunteer"])
def test_an_ended_membership_ends_the_trainers_access(people, chat, who):
    chats.end_chat(chat)
    assert access.chat_for_user(people.trainer, chat.pk) == chat
    Membership.objects.filter(user=getattr(people, who)).update(until=timezone.now())
    with pytest.raises(Http404):
        access.chat_for_user(people.trainer, chat.pk)


def test_a_membership_of_the_future_gives_nothing_yet(people, chat):
    chats.end_chat(chat)
    Membership.objects.filter(user=people.trainer).update(since=timezone.now() + timedelta(days=1))
    with pytest.raises(Http404):
        access.chat_for_user(people.trainer, chat.pk)


def test_only_trainers_correct(people, chat):
    chats.end_chat(chat)
    message = Message.objects.get(chat=chat)
    assert access.reviewed_message_for_user(people.trainer, message.pk) == message
    with pytest.raises(PermissionDenied):
        access.reviewed_message_for_user(people.volunteer, message.pk)
    with pytest.raises(Http404):
        access.reviewed_message_for_user(people.other_trainer, message.pk)


def test_what_a_try_answers_anew_is_read_by_whoever_may_read_its_first_chat(people, chat, say):
    first = say("You should just tell them no.")
    chats.end_chat(chat)
    branch = tries.try_again(first)
    chats.end_chat(branch)
    branch.refresh_from_db()
    assert access.first_answer_for_user(people.trainer, branch) == first
    PracticeChat.objects.filter(pk=chat.pk).update(shared=False)
    assert access.first_answer_for_user(people.trainer, branch) is None
    assert access.first_answer_for_user(people.volunteer, branch) == first
    assert access.first_answer_for_user(people.volunteer, chat) is None


def test_whose_practice_somebody_may_see(people):
    seen = {
        who: set(access.volunteers_for_user(getattr(people, who)).values_list("username", flat=True))
        for who in ("volunteer", "trainer", "other_trainer", "admin")
    }
    assert seen == {
        "volunteer": {"volunteer"},
        "trainer": {"volunteer", "peer"},
        "other_trainer": {"outsider"},
        "admin": set(),
    }


def test_an_inactive_volunteer_is_out_of_the_trainers_sight(people, chat):
    chats.end_chat(chat)
    people.volunteer.is_active = False
    people.volunteer.save()
    with pytest.raises(Http404):
        access.chat_for_user(people.trainer, chat.pk)


def test_only_admins_manage_people(people):
    assert access.person_for_user(people.admin, people.peer.pk) == people.peer
    assert access.people_for_user(people.admin).count() == 6
    with pytest.raises(Http404):
        access.person_for_user(people.admin, 0)
    for who in (people.volunteer, people.trainer):
        with pytest.raises(PermissionDenied):
            access.person_for_user(who, people.peer.pk)
