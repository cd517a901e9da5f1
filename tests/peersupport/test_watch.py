"""One look for all open streams: what it costs, and what wakes a stream."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from peersupport.people.models import Membership, Role, User
from peersupport.practice import watch
from peersupport.practice.models import PracticeChat


def follower(chat, *people, session_key="", seq=None) -> watch.Follower:
    people = tuple(person.pk for person in people)
    seq = chat.last_seq if seq is None else seq
    return watch.Follower(chat_id=chat.pk, people=people, session_key=session_key, seq=seq)


@pytest.mark.django_db
def test_fifty_streams_cost_what_one_costs(chat, people):
    chat.refresh_from_db()
    followers = [follower(chat, people.volunteer) for _ in range(50)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert watch.Watch()._look(followers, True) == []
    assert len(queries) == 4  # newest seqs; memberships, people, sessions


@pytest.mark.django_db
def test_news_and_an_erased_chat_wake_their_followers_only(chat, people):
    chat.refresh_from_db()
    behind, level = follower(chat, people.volunteer, seq=chat.last_seq - 1), follower(chat, people.volunteer)
    other = PracticeChat.objects.create(volunteer=people.peer, scenario=chat.scenario, seed=1)
    gone = follower(other, people.peer)
    other.delete()
    assert watch.Watch()._look([behind, level, gone], False) == [behind, gone]


def end_membership(people, client):
    Membership.objects.filter(user=people.trainer).update(until="2020-01-01T00:00:00Z")


def move_the_volunteer(people, client):
    Membership.objects.filter(user=people.volunteer).update(until="2020-01-01T00:00:00Z")


def change_role(people, client):
    User.objects.filter(pk=people.trainer.pk).update(role=Role.VOLUNTEER)


def deactivate(people, client):
    User.objects.filter(pk=people.trainer.pk).update(is_active=False)


def sign_out(people, client):
    client.logout()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [end_membership, move_the_volunteer, change_role, deactivate, sign_out],
    ids=lambda f: f.__name__,
)
def test_a_change_of_standing_wakes_the_reader(change, chat, people):
    chat.refresh_from_db()
    client = Client()
    client.force_login(people.trainer)
    reader = follower(chat, people.trainer, people.volunteer, session_key=client.session.session_key)
    stranger = follower(chat, people.outsider)
    look_out = watch.Watch()
    assert look_out._look([reader, stranger], True) == []
    assert look_out._look([reader, stranger], True) == []
    change(people, client)
    assert look_out._look([reader, stranger], True) == [reader]
    assert look_out._look([reader, stranger], True) == []


@pytest.mark.django_db(transaction=True)
def test_a_follower_is_woken_within_a_moment_also_after_an_empty_spell(chat, people):
    chat.refresh_from_db()

    @sync_to_async
    def say_something():
        PracticeChat.objects.filter(pk=chat.pk).update(last_seq=F("last_seq") + 1)
        connection.close()  # of this thread

    async def follow_twice():
        for round_number in range(2):
            one = follower(chat, people.volunteer, seq=chat.last_seq + round_number)
            with watch.current().follow(one):
                await say_something()
                began = asyncio.get_running_loop().time()
                await one.changed(10)
                assert asyncio.get_running_loop().time() - began < 2
            await asyncio.sleep(0.3)
        return watch.current()

    look_out = asyncio.run(follow_twice())
    assert look_out._task is None
