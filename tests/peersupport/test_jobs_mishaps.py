"""What breaks where a job is given up or swept, or in a chore: the row closes, the others have their turn."""

from __future__ import annotations

import os
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError
from django.utils import timezone

from peersupport.audit.log import record
from peersupport.audit.models import AuditEvent
from peersupport.jobs import canary, mishaps, queue, registry, running, sweeper
from peersupport.jobs.models import Job, Lane
from tests.leaks import CANARY

pytestmark = pytest.mark.django_db
done: list[int] = []


def run_well(jobs, context):
    return {job.pk: lambda job=job: done.append(job.pk) for job in jobs}


def run_badly(jobs, context):
    raise ValueError(CANARY)


def give_up(job):
    """Writes something, then breaks."""
    Job.objects.filter(pk=job.pk).update(subject="half")
    raise LookupError(CANARY)


def give_up_in_the_database(job):
    Job.objects.create(pk=job.pk, kind="well", lane=Lane.LIVE)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    done.clear()
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    registry.register(registry.Kind("well", Lane.LIVE, f"{__name__}.run_well"))
    for name, hook in (("badly", "give_up"), ("worse", "give_up_in_the_database")):
        run, hook = f"{__name__}.run_badly", f"{__name__}.{hook}"
        registry.register(registry.Kind(name, Lane.LIVE, run, on_quarantine=hook, attempts=1))


def left_by_a_dead_worker(kind: str, **fields) -> Job:
    over = timezone.now() - timedelta(seconds=1)
    return Job.objects.create(
        kind=kind, lane=Lane.LIVE, status="running", lease_until=over, attempts=1, worker="dead", **fields
    )


@pytest.mark.parametrize(("kind", "told"), [("badly", "LookupError"), ("worse", "IntegrityError")])
def test_a_row_whose_quarantine_breaks_is_set_aside_and_the_lane_goes_on(kind, told, caplog):
    job = queue.enqueue(kind, "whole", ordering_key="k")
    follower = queue.enqueue("well", ordering_key="k")
    assert running.drain_lane(Lane.LIVE, worker="a") == 2
    job.refresh_from_db()
    assert (job.status, job.subject, job.lease_token) == ("quarantined", "whole", None)
    assert "ValueError" in job.error
    assert done == [follower.pk]
    [line] = [line.getMessage() for line in caplog.records if "on_quarantine" in line.getMessage()]
    assert told in line and CANARY not in line


def test_the_sweeper_sets_such_rows_aside_and_sweeps_the_others():
    poor = [left_by_a_dead_worker(kind) for kind in ("badly", "worse", "badly")]
    other = left_by_a_dead_worker("well")
    Job.objects.filter(pk=other.pk).update(attempts=0)
    assert queue.sweep() == 4
    assert queue.sweep() == 0
    assert {job.status for job in Job.objects.filter(pk__in=[job.pk for job in poor])} == {"quarantined"}
    assert Job.objects.get(pk=other.pk).status == "queued"


def test_a_row_that_cannot_be_swept_leaves_the_others_their_turn(monkeypatch, caplog):
    _, poor, _ = (left_by_a_dead_worker("well") for _ in range(3))
    release = queue._release

    def broken(held, job, error):
        if job == poor:
            raise IntegrityError(CANARY)
        return release(held, job, error)

    monkeypatch.setattr(queue, "_release", broken)
    assert queue.sweep() == 2
    assert Job.objects.get(status="running") == poor
    assert "IntegrityError" in caplog.text and CANARY not in caplog.text


@pytest.mark.parametrize("error", [OSError(CANARY), DatabaseError(CANARY)])
def test_a_chore_that_breaks_leaves_the_others_their_turn(error, monkeypatch, caplog):
    kept = []

    def before():
        kept.append("before")

    def breaks():
        raise error

    def after():
        kept.append("after")

    monkeypatch.setattr(sweeper, "_chores", [before, breaks, after])
    sweeper.keep_house()
    assert kept == ["before", "after"]
    [line] = [line.getMessage() for line in caplog.records]
    assert "breaks" in line and type(error).__name__ in line and CANARY not in line


def test_without_canaries_rows_are_still_offered_and_the_log_is_sealed(people, monkeypatch):
    def send():
        raise OSError

    monkeypatch.setattr(canary, "send", send)
    record(people.admin, "retry", left_by_a_dead_worker("well"))
    sweeper.sweep_once()
    assert not Job.objects.filter(status="running").exists()
    assert not AuditEvent.objects.filter(position=None).exists()


@pytest.mark.parametrize(
    ("usable", "doomed", "error", "raised"),
    [
        (True, False, DatabaseError(), False),
        (False, False, OperationalError(), True),
        (False, False, OSError(), False),  # nobody asks the database about that
        (True, True, OSError(), True),
    ],
)
def test_only_a_database_that_is_gone_is_raised(usable, doomed, error, raised, monkeypatch):
    there = SimpleNamespace(needs_rollback=doomed, is_usable=lambda: usable)
    monkeypatch.setattr(mishaps, "connection", there)

    def break_inside() -> bool:
        try:
            with mishaps.contained("a test"):
                raise error
        except type(error):
            return True
        return False

    assert break_inside() is raised


LONGEST = "h" * 253


@pytest.mark.parametrize("before", ["", "celery@"])
@pytest.mark.parametrize("lane", Lane.values)
def test_a_workers_name_fits_its_column_and_is_its_own(before, lane, monkeypatch):
    room = Job._meta.get_field("worker").max_length
    names = set()
    for host in ("vm", LONGEST, f"{LONGEST[:-1]}x", "ü" * 64):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        name = running.worker_name(lane, before=before)
        assert len(name) <= room
        assert name.startswith(before + host[:2]) and name.endswith(f":{os.getpid()}/{lane}")
        names.add(name)
    assert len(names) == 4
    assert f"{before}vm:{os.getpid()}/{lane}" in names


def test_a_worker_on_such_a_host_claims(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: LONGEST)
    job = queue.enqueue("well")
    assert running.drain_lane(Lane.LIVE, worker=running.worker_name(Lane.LIVE, before="celery@")) == 1
    job.refresh_from_db()
    job.full_clean()  # SQLite itself takes names of any length
    assert job.status == "done"
