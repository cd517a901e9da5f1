"""The list of erasures: what was committed is on it for ever, what was taken back never was."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta

import pytest
from django.contrib import messages
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue, sweeper
from peersupport.people import erasure, erasure_list, managing
from peersupport.people.models import User
from peersupport.practice import deleting
from peersupport.practice.models import PracticeChat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("list_of_its_own")]


class Broken(Exception):
    pass


def breaks(*args, **kwargs):
    raise Broken


def rows() -> list[dict]:
    return [json.loads(line) for line in erasure_list.path().read_text().splitlines()]


def cut_short(monkeypatch) -> None:
    """A process dies between the commit and the second line."""
    monkeypatch.setattr(erasure_list, "_count", lambda what: None)


def test_it_holds_numbers_and_times_only_and_both_lines_say_the_same(people, chat):
    erasure.ask(people.volunteer, by=None)
    begun, counts = rows()
    assert set(counts) == {"at", "person", "joined"}
    assert begun == {"at": counts["at"], "person": None, "joined": None, "begun": counts}
    assert erasure_list.path().stat().st_mode & 0o077 == 0


def test_a_person_whose_erasure_was_taken_back_is_not_on_it(people, monkeypatch):
    monkeypatch.setattr(queue, "enqueue", breaks)
    with pytest.raises(Broken):
        erasure.ask(people.volunteer, by=people.volunteer)
    assert User.objects.get(pk=people.volunteer.pk).is_active
    assert len(rows()) == 1 and erasure_list.listed() == []
    assert not erasure_list.is_asked(people.volunteer)
    managing.close_account(people.volunteer, by=people.admin)  # admins may do with them what they like
    erasure_list.settle()
    assert erasure.again() == 0
    assert User.objects.filter(pk=people.volunteer.pk).exists()


def test_a_chat_whose_deletion_was_taken_back_is_not_on_it(people, chat, monkeypatch):
    monkeypatch.setattr(erasure, "erase_chat", breaks)
    with pytest.raises(Broken):
        deleting.delete(chat, by=people.volunteer)
    monkeypatch.undo()
    erasure_list.settle()
    assert (erasure_list.listed(), erasure.again()) == ([], 0)
    assert PracticeChat.objects.filter(pk=chat.pk).exists()
    deleting.delete(chat, by=people.volunteer)
    assert [line["chat"] for line in erasure_list.listed()] == [str(chat.pk)]


def test_taken_back_with_a_larger_transaction_it_is_not_on_it_either(people):
    def asks_and_breaks():
        with transaction.atomic():
            erasure.ask(people.volunteer, by=None)
            assert erasure_list.is_asked(people.volunteer)
            raise Broken

    with pytest.raises(Broken):
        asks_and_breaks()
    assert not erasure_list.is_asked(people.volunteer)


def test_a_list_that_has_not_changed_is_not_read_again(people, chat, monkeypatch):
    deleting.delete(chat, by=people.volunteer)
    erasure_list.settle()
    with monkeypatch.context() as unread:
        unread.setattr(erasure_list, "_read", breaks)
        erasure_list.settle()
    with monkeypatch.context() as dies:
        cut_short(dies)
        erasure.ask(people.volunteer, by=None)
    erasure_list.settle()
    assert [row["person"] for row in rows() if "begun" not in row] == [None, people.volunteer.pk]


def test_what_is_committed_after_a_run_saw_it_begun_counts_too(people, chat, monkeypatch):
    with monkeypatch.context() as earlier:
        cut_short(earlier)
        deleting.delete(chat, by=people.volunteer)
        earlier.setattr(erasure_list, "_is_committed", lambda line: False)
        erasure_list.settle()
        assert len(rows()) == 1
    erasure_list.settle()  # the list is as it was
    assert len(rows()) == 2


def test_what_was_taken_back_long_ago_is_not_waited_for(people, chat, monkeypatch):
    monkeypatch.setattr(erasure, "erase_chat", breaks)
    with pytest.raises(Broken):
        deleting.delete(chat, by=people.volunteer)
    monkeypatch.setattr(erasure_list, "UNDER_WAY", timedelta(0))
    erasure_list.settle()
    monkeypatch.setattr(erasure_list, "_read", breaks)
    erasure_list.settle()


def test_what_was_committed_counts_where_the_process_died_right_then(people, chat, monkeypatch):
    with monkeypatch.context() as dies:
        cut_short(dies)
        deleting.delete(chat, by=people.volunteer)
        erasure.ask(people.volunteer, by=None)
    assert all("begun" in row for row in rows())
    assert erasure_list.is_asked(people.volunteer) and len(erasure_list.listed()) == 2
    assert erasure_list.settle in sweeper._chores
    erasure_list.settle()
    erasure_list.settle()
    assert len(rows()) == 4
    # A restored database knows nothing of either.
    AuditEvent.objects.all()._raw_delete("default")
    User.objects.filter(pk=people.volunteer.pk).update(is_active=True)
    assert erasure_list.is_asked(people.volunteer)
    assert erasure.again() == 1
    assert not User.objects.filter(pk=people.volunteer.pk).exists()


def test_a_list_that_cannot_be_written_lets_nothing_be_erased(people, monkeypatch):
    monkeypatch.setattr(os, "write", lambda handle, data: 3)
    with pytest.raises(OSError, match="No space left"):
        erasure.ask(people.volunteer, by=None)
    assert User.objects.get(pk=people.volunteer.pk).is_active


def test_a_second_line_that_cannot_be_written_is_told_and_comes_later(people, monkeypatch, caplog):
    real = erasure_list._write
    monkeypatch.setattr(erasure_list, "_write", lambda line: real(line) if "begun" in line else breaks())
    job = erasure.ask(people.volunteer, by=None)
    assert "the list of erasures broke" in caplog.text and job.is_open
    monkeypatch.undo()


def test_a_line_that_was_cut_short_spoils_no_other(people):
    erasure.ask(people.peer, by=None)
    with erasure_list.path().open("a") as file:
        file.write('{"at": "2026')
    erasure.ask(people.volunteer, by=None)
    assert [line["person"] for line in erasure_list.listed()] == [people.peer.pk, people.volunteer.pk]


def test_writing_a_line_does_not_read_the_others(people, monkeypatch):
    erasure.ask(people.peer, by=None)
    monkeypatch.setattr(erasure_list, "_read", breaks)
    erasure.ask(people.volunteer, by=None)
    assert len(rows()) == 4


def test_a_hundred_thousand_lines_are_looked_through_at_once(people):
    erasure.ask(people.volunteer, by=None)
    lines = (
        {"at": "2026-01-01", "person": number, "joined": f"2026-01-01T00:00:00.{number:06}"}
        for number in range(100_000)
    )
    with erasure_list.path().open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    began = time.process_time()
    assert erasure_list.is_asked(people.volunteer) and not erasure_list.is_asked(people.peer)
    assert time.process_time() - began < 1.0


def test_after_a_restore_what_nobody_knows_the_end_of_is_named(people, chat, monkeypatch, capsys):
    cut_short(monkeypatch)
    erasure.ask(people.volunteer, by=None)
    deleting.delete(chat, by=people.volunteer)
    erasure.ask(people.peer, by=None)
    AuditEvent.objects.all()._raw_delete("default")
    User.objects.filter(pk=people.peer.pk).delete()  # joined after the backup was made
    call_command("erase_person", again=True)
    told = capsys.readouterr().out
    assert "0 of 0 on the list were there and are erased; begun and perhaps never finished" in told
    assert f"yourself: person {people.volunteer.pk}. " in told
    assert User.objects.filter(pk=people.volunteer.pk).exists()


def test_a_restore_asks_the_database_that_goes_how_they_ended(people, monkeypatch, tmp_path):
    cut_short(monkeypatch)
    erasure.ask(people.volunteer, by=None)
    monkeypatch.setattr("peersupport.backup.restore", lambda *args, **kwargs: {"made": "", "peersupport": ""})
    call_command("restore", input=tmp_path / "some.tar.gz")
    assert [row["person"] for row in rows() if "begun" not in row] == [people.volunteer.pk]


def test_an_admin_sees_a_person_who_stays_as_they_are(people, monkeypatch):
    monkeypatch.setattr(queue, "enqueue", breaks)
    with pytest.raises(Broken):
        erasure.ask(people.volunteer, by=people.admin)
    admin = Client()
    admin.force_login(people.admin)
    address = reverse("people:set-role", args=[people.volunteer.pk])
    answer = admin.post(address, {"role": "trainer"}, follow=True)
    assert [message.level for message in answer.context["messages"]] == [messages.SUCCESS]
