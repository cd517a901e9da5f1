"""What somebody was told is done outlasts a power cut: the disk has it before they are told."""

from __future__ import annotations

import os

import pytest
from django.db import connection, transaction

from peersupport.people import erasure
from peersupport.practice import chats

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("list_of_its_own"),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL waits for its disk by itself"),
]


@pytest.fixture
def waited_for(monkeypatch) -> list[str]:
    """Names of the files that were waited for, in order; "open" where a transaction was."""
    found, fsync = [], os.fsync

    def noted(handle):
        name = os.path.basename(os.readlink(f"/proc/self/fd/{handle}"))
        found.append(f"{name} (open)" if connection.in_atomic_block else name)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    return found


def test_a_message_is_on_the_disk_once_it_is_kept(chat, waited_for):
    chats.post_message(chat, text="What weighs on you most?", key="k")
    assert waited_for == ["test.sqlite3-wal"]


def test_a_message_posted_again_is_waited_for_again(chat, waited_for):
    """What kept it may have died before it could wait."""
    chats.post_message(chat, text="What weighs on you most?", key="k")
    waited_for.clear()
    assert not chats.post_message(chat, text="What weighs on you most?", key="k").created
    assert waited_for == ["test.sqlite3-wal"]


def test_the_list_says_erased_once_the_database_cannot_take_it_back(people, waited_for):
    erasure.ask(people.peer, by=people.admin)
    assert waited_for == ["erasures.jsonl (open)", "test.sqlite3-wal", "erasures.jsonl"]


def test_what_is_taken_back_is_waited_for_by_nobody(chat, waited_for):
    with transaction.atomic():
        chats.post_message(chat, text="What weighs on you most?", key="k")
        transaction.set_rollback(True)
    assert waited_for == []
