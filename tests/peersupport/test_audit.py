"""The audit log is append-only and an edit is found."""

from __future__ import annotations

import pytest

from peersupport.audit import chain
from peersupport.audit.log import record
from peersupport.audit.models import AuditEvent


def test_a_line_holds_ids_only(people, chat):
    event = record(people.trainer, "read", chat)
    assert (event.actor_id, event.object_kind, event.object_id) == (
        people.trainer.pk,
        "practicechat",
        str(chat.pk),
    )


def test_lines_are_never_changed_or_deleted(people):
    event = record(people.admin, "export")
    event.verb = "nothing"
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()


def test_the_chain_finds_an_edit(people, chat):
    for _ in range(5):
        record(people.trainer, "read", chat)
    assert chain.seal() == 5
    record(people.trainer, "read", chat)
    assert chain.seal() == 1
    assert chain.seal() == 0
    assert chain.first_broken() is None
    third = AuditEvent.objects.order_by("id")[2]
    AuditEvent.objects.filter(pk=third.pk).update(actor_id=people.peer.pk)
    assert chain.first_broken().pk == third.pk


def test_the_chain_finds_a_missing_line(people):
    for _ in range(3):
        record(people.admin, "export")
    chain.seal()
    middle = AuditEvent.objects.order_by("id")[1]
    AuditEvent.objects.filter(pk=middle.pk)._raw_delete("default")
    assert chain.first_broken() is not None


def test_erasing_a_person_leaves_the_chain_whole(people, chat):
    record(people.trainer, "read", chat)
    chain.seal()
    people.trainer.delete()
    assert chain.first_broken() is None
