"""Single chats on the list of erasures: a restored archive brings them back, and `again` erases them anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.people import erasure, erasure_list, retention
from peersupport.practice import deleting
from peersupport.practice.models import PracticeChat, TranscriptDraft
from tests.peersupport.transcripts import imported

pytestmark = pytest.mark.usefixtures("list_of_its_own")


def test_a_chat_deleted_by_itself_is_erased_again_when_a_restore_brings_it_back(people, chat):
    gone = imported(people.volunteer)
    deleting.delete(gone, by=people.volunteer)
    [line] = erasure_list.listed()
    assert line == {"at": line["at"], "person": None, "joined": None, "chat": str(gone.pk)}
    assert erasure.again() == 0

    PracticeChat.objects.create(id=gone.pk, volunteer=people.volunteer, kind="imported", seed=1)
    assert erasure.again() == 1
    assert PracticeChat.objects.get() == chat
    assert AuditEvent.objects.filter(verb="delete", object_id=str(gone.pk)).count() == 2
    # An archive from before it was confirmed holds its draft.
    TranscriptDraft.objects.create(id=gone.pk, owner=people.volunteer)
    assert erasure.again() == 1
    assert not TranscriptDraft.objects.exists()
    assert erasure_list.listed() == [line]


def test_any_single_chat_is_on_the_list_and_those_that_go_anyway_are_not(
    people, chat, drain, settings, monkeypatch
):
    deleting.delete(chat, by=people.volunteer)
    assert [line["chat"] for line in erasure_list.listed()] == [str(chat.pk)]
    imported(people.volunteer)
    PracticeChat.objects.update(created_at=timezone.now() - timedelta(days=9), ended_at=None)
    Job.objects.all().delete()
    settings.RETENTION_DAYS = 3
    monkeypatch.setattr(erasure, "tidy", lambda: None)
    retention.start()
    drain("batch")
    assert not PracticeChat.objects.exists()
    imported(people.peer)
    erasure.erase_now(people.peer, by=None)
    assert len(erasure_list.listed()) == 2  # the chat and the person
