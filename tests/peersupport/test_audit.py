"""The audit log is append-only, sealed in an order of its own, and every change of it is found."""

from __future__ import annotations

import importlib
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from peersupport.audit import chain
from peersupport.audit.log import record
from peersupport.audit.models import AuditEvent, AuditHead


def rows(*positions):
    return AuditEvent.objects.filter(position__in=positions)


@pytest.fixture
def sealed(people) -> list[AuditEvent]:
    """Six sealed lines."""
    for number in range(6):
        record(people.trainer if number % 2 else people.admin, "read", people.volunteer)
    assert chain.seal() == 6
    return list(AuditEvent.objects.order_by("position"))


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


def test_sealing_goes_on_where_it_ended(people, sealed):
    assert chain.seal() == 0
    record(people.trainer, "read", people.volunteer)
    assert chain.seal() == 1
    assert chain.head().position == 7
    assert list(AuditEvent.objects.order_by("id").values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6, 7]
    assert chain.first_broken() is None


def test_a_limit_leaves_the_rest_for_the_next_time(people):
    for _ in range(5):
        record(people.admin, "export")
    assert [chain.seal(limit=3), chain.seal(limit=3)] == [3, 2]
    assert chain.first_broken() is None


def test_a_lower_id_that_is_committed_late_is_no_alarm(people, sealed):
    # As when its transaction took its id before the sealed lines and ended after them.
    AuditEvent.objects.bulk_create([AuditEvent(id=sealed[0].pk - 1, verb="export", actor_id=1)])
    record(people.admin, "export")
    assert chain.seal() == 2
    assert chain.first_broken() is None
    assert AuditEvent.objects.get(pk=sealed[0].pk - 1).position == 7


def edit():
    rows(3).update(actor_id=4711)
    return 3


def delete_in_the_middle():
    rows(3)._raw_delete("default")
    return 3


def delete_the_newest():
    rows(5, 6)._raw_delete("default")
    return 5


def delete_all():
    AuditEvent.objects.all()._raw_delete("default")
    return 1


def insert():
    AuditEvent.objects.bulk_create([AuditEvent(verb="export", position=7, previous_hash="a", hash="b")])
    return 7


def swap():
    third, fourth = AuditEvent.objects.filter(position__in=(3, 4)).order_by("position")
    for pk, place in ((third.pk, None), (fourth.pk, 3), (third.pk, 4)):
        AuditEvent.objects.filter(pk=pk).update(position=place)
    return 3


def take_its_place():
    rows(6).update(position=None)
    AuditHead.objects.update(position=5, hash=rows(5).get().hash)
    return 6


def turn_the_head_back():
    AuditHead.objects.update(position=4, hash=rows(4).get().hash)
    return 5


TAMPERING = [edit, delete_in_the_middle, delete_the_newest, delete_all, insert, swap, take_its_place]


@pytest.mark.parametrize("tamper", [*TAMPERING, turn_the_head_back])
def test_tampering_is_found_at_its_place(tamper, sealed):
    assert chain.first_broken() is None
    place = tamper()
    assert chain.first_broken().position == place


@pytest.mark.parametrize("tamper", [delete_the_newest, delete_in_the_middle, edit])
def test_sealing_more_hides_nothing(tamper, people, sealed):
    place = tamper()
    record(people.admin, "export")
    assert chain.seal() == 1
    assert chain.first_broken().position == place


def test_a_chain_that_was_computed_anew_differs_from_a_head_that_was_kept(people, sealed):
    kept = str(chain.head())
    rows(2).update(verb="export")
    AuditEvent.objects.update(position=None, hash="", previous_hash="")
    AuditHead.objects.all().delete()
    chain.seal()
    assert chain.first_broken() is None
    with pytest.raises(CommandError, match="the hash is not the one that was kept"):
        call_command("audit_check", known=[kept])


def test_the_command_says_whole_or_broken(people, sealed):
    record(people.admin, "export")
    out = StringIO()
    call_command("audit_check", stdout=out)
    assert out.getvalue().startswith("whole: 6 lines sealed, 1 waiting; head 6:")
    edit()
    with pytest.raises(
        CommandError, match=f"broken at place 3, line {sealed[2].pk}: the line was changed"
    ) as error:
        call_command("audit_check")
    assert error.value.returncode == 1
    with pytest.raises(CommandError, match="--known takes POSITION:HASH"):
        call_command("audit_check", known=["seven"])


def test_the_head_is_logged_at_sealing(people, caplog):
    record(people.admin, "export")
    with caplog.at_level("INFO"):
        chain.seal()
    assert f"sealed up to {chain.head()}" in caplog.text


def test_erasing_a_person_leaves_the_chain_whole(people, chat):
    record(people.trainer, "read", chat)
    chain.seal()
    people.trainer.delete()
    assert chain.first_broken() is None


def test_lines_of_the_older_order_keep_their_hashes(people, sealed):
    """The migration on a table as 0.1.0 wrote it, with a line that was sealed late beside the chain."""
    hashes = {event.pk: event.hash for event in sealed}
    late = record(people.admin, "export")
    fork = sealed[2].hash
    AuditEvent.objects.filter(pk=late.pk).update(previous_hash=fork, hash=chain._digest(late, fork))
    AuditEvent.objects.filter(pk=late.pk).update(id=sealed[0].pk - 1)
    AuditEvent.objects.update(position=None)
    AuditHead.objects.all().delete()
    importlib.import_module("peersupport.migrations.0002_audit_position").give_places(apps, None)
    assert {pk: AuditEvent.objects.get(pk=pk).hash for pk in hashes} == hashes
    assert chain.seal() == 1
    assert chain.first_broken() is None


def test_the_migration_hides_no_gap(people, sealed):
    delete_in_the_middle()
    AuditEvent.objects.update(position=None)
    AuditHead.objects.all().delete()
    importlib.import_module("peersupport.migrations.0002_audit_position").give_places(apps, None)
    chain.seal()
    assert chain.first_broken().position == 3
