"""The life of a job row: claims, leases, fencing, retries, quarantine."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from peersupport.jobs import queue, registry, running, sweeper
from peersupport.jobs.models import Job, Lane

pytestmark = pytest.mark.django_db
effects: list[int] = []
quarantined: list[int] = []


def run_well(jobs, context):
    return {job.pk: lambda job=job: effects.append(job.pk) for job in jobs}


def run_badly(jobs, context):
    raise ValueError("a secret sentence of a volunteer")


def give_up(job):
    quarantined.append(job.pk)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    effects.clear()
    quarantined.clear()
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    registry.register(registry.Kind("well", Lane.LIVE, f"{__name__}.run_well", batch=4))
    registry.register(
        registry.Kind(
            "badly", Lane.LIVE, f"{__name__}.run_badly", on_quarantine=f"{__name__}.give_up", batch=4
        )
    )


def expire(job):
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_enqueue_rolls_back_with_the_caller():
    class Regret(Exception):
        pass

    def enqueue_and_regret():
        with transaction.atomic():
            queue.enqueue("well")
            raise Regret

    with pytest.raises(Regret):
        enqueue_and_regret()
    assert Job.objects.count() == 0


def test_a_row_waits_for_earlier_open_rows_of_its_key():
    first, second = queue.enqueue("well", ordering_key="k"), queue.enqueue("well", ordering_key="k")
    other = queue.enqueue("well", ordering_key="other")
    claimed = queue.claim(Lane.LIVE, "a")
    assert [job.pk for job in claimed] == [first.pk, other.pk]
    assert queue.claim(Lane.LIVE, "b") == []
    queue.close(claimed[0], lambda: None)
    assert [job.pk for job in queue.claim(Lane.LIVE, "b")] == [second.pk]


def test_a_claimed_row_is_claimed_once():
    job = queue.enqueue("well")
    assert len(queue.claim(Lane.LIVE, "a")) == 1
    assert queue._claim_row(job, "b") is False


def test_lanes_are_apart():
    queue.enqueue("well")
    assert queue.claim(Lane.BATCH, "a") == []


def test_results_and_closing_are_one_transaction():
    queue.enqueue("well")
    [job] = queue.claim(Lane.LIVE, "a")

    def apply():
        Job.objects.create(kind="well", lane=Lane.BATCH)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        queue.close(job, apply)
    job.refresh_from_db()
    assert job.status == Job.Status.RUNNING
    assert Job.objects.count() == 1


def test_a_late_worker_is_fenced_off():
    queue.enqueue("well")
    [late] = queue.claim(Lane.LIVE, "late")
    expire(late)
    assert queue.sweep() == 1
    Job.objects.update(available_at=timezone.now())
    [job] = queue.claim(Lane.LIVE, "new")
    with pytest.raises(queue.LeaseLostError):
        queue.close(late, lambda: effects.append(late.pk))
    assert queue.heartbeat(late) is False
    with pytest.raises(queue.LeaseLostError):
        queue.checkpoint(late, progress=0.5)
    queue.fail(late, "late")
    job.refresh_from_db()
    assert (effects, job.status, job.worker) == ([], Job.Status.RUNNING, "new")


def test_failures_are_retried_then_set_aside():
    job = queue.enqueue("badly", ordering_key="k")
    follower = queue.enqueue("well", ordering_key="k")
    for attempt in range(1, registry.get("badly").attempts + 1):
        Job.objects.update(available_at=timezone.now())
        assert running.drain_lane(Lane.LIVE, worker="a") == (2 if attempt == 3 else 1)
        job.refresh_from_db()
        assert job.attempts == attempt
    assert job.status == Job.Status.QUARANTINED
    assert quarantined == [job.pk]
    assert effects == [follower.pk]
    assert "ValueError" in job.error
    assert "secret" not in job.error
    assert not any(line.startswith("/") for line in job.error.split("\n"))


def test_a_row_that_failed_is_claimed_alone():
    poison = queue.enqueue("badly")
    others = [queue.enqueue("badly") for _ in range(2)]
    Job.objects.filter(pk=poison.pk).update(attempts=1)
    assert [job.pk for job in queue.claim(Lane.LIVE, "a")] == [poison.pk]
    assert {job.pk for job in queue.claim(Lane.LIVE, "a")} == {job.pk for job in others}


def test_a_dead_worker_counts_as_an_attempt_and_ends_in_quarantine():
    job = queue.enqueue("badly")
    for _ in range(3):
        Job.objects.update(available_at=timezone.now())
        [claimed] = queue.claim(Lane.LIVE, "dies")
        expire(claimed)
        queue.sweep()
    job.refresh_from_db()
    assert (job.status, quarantined) == (Job.Status.QUARANTINED, [job.pk])
    assert queue.requeue(job) is True
    assert queue.requeue(job) is False
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.QUEUED, 0)


def test_a_stop_hands_the_row_back_without_counting():
    queue.enqueue("well")
    [job] = queue.claim(Lane.LIVE, "a")
    queue.hand_back(job)
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.QUEUED, 0)


def test_enqueue_once():
    first = queue.enqueue_once("well", "7")
    assert queue.enqueue_once("well", "7").pk == first.pk
    assert queue.enqueue_once("well", "8").pk != first.pk


def test_unknown_kind_names_the_known_ones():
    with pytest.raises(KeyError, match="well"):
        queue.enqueue("nonsense")


def test_sweeper_sends_a_canary_that_arrives(settings):
    from peersupport.jobs import canary

    assert canary.age_seconds() is None
    sweeper.sweep_once()
    sweeper.sweep_once()
    assert Job.objects.filter(kind=canary.KIND).count() == 1
    running.drain_lane(Lane.LIVE, worker="a")
    assert 0 <= canary.age_seconds() < 5
