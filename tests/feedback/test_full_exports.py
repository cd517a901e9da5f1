"""Files with names and words: what they cost to write, and whom they are sent to."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.exports import files
from feedback.exports.names import Names
from feedback.exports.tables import TABLES
from feedback.models import Export, MockRating
from feedback.signoff.scales import KEYS
from peersupport.audit.models import AuditEvent
from peersupport.people.models import User
from peersupport.practice.models import PracticeChat


def more_people(chat, trainer, count: int = 5) -> list[str]:
    """So many, each with a chat, a mock rating that they withdrew, and a line in the audit log."""
    steps, now = dict.fromkeys(KEYS, 4), timezone.now()
    found = [User.objects.create_user(username=f"more-{number}", password="x") for number in range(count)]
    for person in found:
        PracticeChat.objects.create(volunteer=person, seed=1, status="ended", scenario=chat.scenario)
        MockRating.objects.create(
            chat=chat, trainer=trainer, withdrawn_by=person, withdrawn_at=now, decision="not_yet", **steps
        )
        AuditEvent.objects.create(verb="read", actor_id=person.pk)
    AuditEvent.objects.create(verb="read", actor_id=10**9)  # whose account is gone
    return [person.username for person in found]


@pytest.mark.parametrize("table", ["chats", "mock_ratings", "audit"])
def test_names_of_more_people_cost_no_more_queries(table, people, chat):
    PracticeChat.objects.filter(pk=chat.pk).update(status="ended")

    def written() -> tuple[int, set]:
        with CaptureQueriesContext(connection) as queries:
            blocks = list(TABLES[table].rows(Names(full=True), labelled=False))
        return len(queries), {cell for block in blocks for row in block for cell in row}

    more_people(chat, people.trainer, 1)
    User.objects.filter(username="more-0").update(username="first")
    before, _ = written()
    names = more_people(chat, people.trainer)
    after, cells = written()
    assert after == before
    assert {"first", *names} <= cells


def test_names_are_the_same_asked_singly_and_together(people):
    keys = [people.volunteer.pk, people.trainer.pk, None, 10**9]
    single, together = Names(full=True), Names(full=True)
    together.meet(keys)
    expected = [people.volunteer.username, people.trainer.username, "", ""]
    assert [single.person(key) for key in keys] == [together.person(key) for key in keys] == expected


def test_a_full_download_ends_where_the_right_to_it_does(people, client, monkeypatch):
    """The role stays and so does the session: what is taken is the right to names and words alone."""
    monkeypatch.setattr("feedback.exports.views.PIECE_BYTES", 10)
    call_command("full_export", people.admin.username, verbosity=0)
    now = timezone.now()
    ready = {"status": "ready", "finished_at": now, "expires_at": now + timedelta(days=1)}
    made = {full: Export.objects.create(by=people.admin, table="tags", full=full, **ready) for full in (0, 1)}
    client.force_login(people.admin)

    def fetched(full: int) -> list[bytes]:
        files.path_of(made[full].pk).write_bytes(b"x" * 30)
        call_command("full_export", people.admin.username, verbosity=0)
        answer, got = client.get(reverse("feedback:export-file", args=[made[full].pk])), []

        async def read() -> None:
            async for part in answer:
                got.append(part)
                await User.objects.filter(pk=people.admin.pk).aupdate(may_export_full=False)

        try:
            async_to_sync(read)()
        except asyncio.CancelledError:
            got.append(b"cut off")
        return got

    assert fetched(1) == [b"x" * 10, b"cut off"]
    assert fetched(0) == [b"x" * 10] * 3
