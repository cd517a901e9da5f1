"""The life of a job row: claims, leases, fencing, retries, quarantine."""

from __future__ import annotations

import os
import resource
import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from peersupport.jobs import queue, registry, running, sweeper
from peersupport.jobs.models import Job, Lane
from peersupport.operations import figures

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


def test_a_row_that_was_put_off_waits_for_its_time_and_not_for_a_worker(
    monkeypatch, django_capture_on_commit_callbacks
):
    wakes = []
    monkeypatch.setattr(queue, "get_runner", lambda: SimpleNamespace(wake=lambda *told: wakes.append(told)))
    with django_capture_on_commit_callbacks(execute=True):
        job, other = queue.enqueue("well", delay=30.0), queue.enqueue("well")
    assert wakes == [("live", job.pk, 30.0), ("live", other.pk, 0.0)]
    assert timedelta(seconds=25) < Job.objects.get(pk=job.pk).available_at - timezone.now()
    assert [one.pk for one in queue.claim("live", "w")] == [other.pk]
    [row] = [row for row in figures.job_rows() if row["kind"] == "well"]
    assert (row["waiting"], row["running"]) == (0, 1)
    Job.objects.filter(pk=job.pk).update(available_at=queue.in_seconds(-1))
    [row] = [row for row in figures.job_rows() if row["kind"] == "well"]
    assert row["waiting"] == 1
    assert [one.pk for one in queue.claim("live", "w")] == [job.pk]


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


def test_a_claimed_row_is_claimed_once():
    job = queue.enqueue("well")
    assert [claimed.pk for claimed in queue.claim(Lane.LIVE, "a")] == [job.pk]
    assert queue.claim(Lane.LIVE, "b") == []


def test_where_there_is_no_row_none_is_claimed(monkeypatch):
    assert queue.claim(Lane.LIVE, "a") == []
    monkeypatch.setattr(queue, "waits", lambda lane: True)  # another worker was quicker
    assert queue.claim(Lane.LIVE, "a") == []


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
    Job.objects.update(available_at=timezone.now() - timedelta(seconds=1))
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
        Job.objects.update(available_at=timezone.now() - timedelta(seconds=1))
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
        Job.objects.update(available_at=timezone.now() - timedelta(seconds=1))
        [claimed] = queue.claim(Lane.LIVE, "dies")
        expire(claimed)
        queue.sweep()
    job.refresh_from_db()
    assert (job.status, quarantined) == (Job.Status.QUARANTINED, [job.pk])
    assert queue.requeue(job) is True
    assert queue.requeue(job) is False
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.QUEUED, 0)


def seconds_until(moment) -> float:
    return (moment - timezone.now()).total_seconds()


def test_no_more_than_a_batch_is_claimed_at_once():
    for _ in range(6):
        queue.enqueue("well")
    assert [len(queue.claim(Lane.LIVE, "a")) for _ in range(3)] == [4, 2, 0]


def test_a_claim_lasts_one_lease_and_a_heartbeat_renews_it(settings):
    queue.enqueue("well")
    [job] = queue.claim(Lane.LIVE, "a")
    assert seconds_until(job.lease_until) == pytest.approx(settings.JOB_LEASE_SECONDS, abs=2)
    assert (job.worker, job.attempts, job.started_at is None) == ("a", 1, False)
    expire(job)
    assert queue.heartbeat(job) is True
    job.refresh_from_db()
    assert seconds_until(job.lease_until) == pytest.approx(settings.JOB_LEASE_SECONDS, abs=2)
    assert queue.sweep() == 0


def test_a_closed_row_is_whole_and_free():
    queue.enqueue("well")
    [job] = queue.claim(Lane.LIVE, "a")
    Job.objects.update(error="of an earlier try")
    queue.close(job, lambda: None)
    job.refresh_from_db()
    assert (job.status, job.progress, job.error) == ("done", 1.0, "")
    assert (job.lease_token, job.lease_until) == (None, None)
    assert -5 < seconds_until(job.finished_at) <= 0


def test_progress_stays_between_none_and_all():
    queue.enqueue("well")
    [job] = queue.claim(Lane.LIVE, "a")
    for told, kept in ((-1, 0), (0.25, 0.25), (7, 1)):
        queue.checkpoint(job, progress=told)
        job.refresh_from_db()
        assert job.progress == kept
    queue.checkpoint(job, progress=0.5, state={"at": 3})
    assert (job.checkpoint, Job.objects.get().checkpoint) == ({"at": 3}, {"at": 3})
    queue.checkpoint(job, progress=0.6)
    assert Job.objects.get().checkpoint == {"at": 3}


def test_each_failure_waits_twice_as_long():
    job = queue.enqueue("badly")
    for pause in (1, 2):
        Job.objects.update(available_at=timezone.now() - timedelta(seconds=1))
        [claimed] = queue.claim(Lane.LIVE, "a")
        began = time.monotonic()
        queue.fail(claimed, "reason")
        job.refresh_from_db()
        left = seconds_until(job.available_at)
        assert pause - (time.monotonic() - began) - 0.1 <= left <= pause + 0.1
        assert (job.status, job.error, job.lease_token, job.finished_at) == ("queued", "reason", None, None)
        assert not queue.waits(Lane.LIVE)


def test_waiting_is_told_by_its_length():
    queue.enqueue("well")
    assert queue.waits(Lane.LIVE)
    assert not queue.waits(Lane.LIVE, seconds=60)
    Job.objects.update(available_at=timezone.now() - timedelta(seconds=61))
    assert queue.waits(Lane.LIVE, seconds=60)


@pytest.mark.parametrize(("outcome", "status"), [("stopped", "queued"), ("nothing", "queued")])
def test_what_a_kind_gives_back_decides_about_the_row(outcome, status, monkeypatch):
    given = {"stopped": lambda jobs, _: {jobs[0].pk: queue.StoppedError()}, "nothing": lambda jobs, _: {}}
    monkeypatch.setattr(f"{__name__}.run_well", given[outcome])
    queue.enqueue("well")
    jobs = queue.claim(Lane.LIVE, "a")
    running.run_claimed(jobs, running.Context(threading.Event()))
    job = Job.objects.get()
    assert (job.status, job.attempts) == (status, 0 if outcome == "stopped" else 1)
    assert ("RuntimeError" in job.error) is (outcome == "nothing")


def test_one_failure_of_a_batch_fails_alone(monkeypatch):
    def run(jobs, context):
        return {job.pk: ValueError() if job is jobs[0] else (lambda: None) for job in jobs}

    monkeypatch.setattr(f"{__name__}.run_well", run)
    for _ in range(2):
        queue.enqueue("well")
    running.run_claimed(queue.claim(Lane.LIVE, "a"), running.Context(threading.Event()))
    assert sorted(Job.objects.values_list("status", flat=True)) == ["done", "queued"]


def test_a_lane_that_is_told_to_stop_claims_nothing_more():
    queue.enqueue("well")
    stopping = threading.Event()
    stopping.set()
    assert running.drain_lane(Lane.LIVE, worker="a", stopping=stopping) == 0
    assert Job.objects.get().status == "queued"


def test_a_kind_is_registered_once():
    well = registry.get("well")
    registry.register(well)
    with pytest.raises(ValueError, match="registered twice"):
        registry.register(registry.Kind("well", Lane.BATCH, "elsewhere"))


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
    assert sorted(Job.objects.values_list("kind", flat=True)) == sorted(canary.KINDS.values())
    running.drain_lane(Lane.LIVE, worker="a")
    assert 0 <= canary.age_seconds() < 5
    assert (canary.flows(Lane.LIVE), canary.flows(Lane.BATCH)) == (True, False)


def test_a_lane_is_alive_while_a_long_job_holds_it():
    from peersupport.jobs import canary

    Job.objects.create(kind="well", lane=Lane.BATCH)
    [job] = queue.claim(Lane.BATCH, "a")
    assert canary.flows(Lane.BATCH) is True
    expire(job)
    assert canary.flows(Lane.BATCH) is False


def test_a_kind_of_another_version_waits_and_harms_nobody():
    newer = Job.objects.create(kind="of tomorrow", lane=Lane.LIVE)
    known = queue.enqueue("well")
    assert [job.pk for job in queue.claim(Lane.LIVE, "a")] == [known.pk]
    Job.objects.filter(pk=newer.pk).update(
        status="running", lease_until=timezone.now() - timedelta(1), attempts=3
    )
    assert queue.sweep() == 1
    newer.refresh_from_db()
    assert newer.status == Job.Status.QUEUED


def test_old_rows_that_an_erasure_has_locked_are_left_to_it():
    with CaptureQueriesContext(connection) as asked:
        queue.purge(30)
    passes_over = any("SKIP LOCKED" in query["sql"] for query in asked)
    assert passes_over is connection.features.has_select_for_update_skip_locked


def test_a_row_is_old_to_the_second():
    rows = {seconds: queue.enqueue("well") for seconds in (-9, 9)}
    for seconds, job in rows.items():
        over = timezone.now() - timedelta(days=30, seconds=seconds)
        Job.objects.filter(pk=job.pk).update(status="done", finished_at=over)
    assert queue.purge(30) == 1
    assert Job.objects.get() == rows[-9]


@pytest.mark.parametrize(("setting", "share"), [(512, None), (0, 0.75)])
def test_a_worker_has_so_much_memory_and_no_more(setting, share, monkeypatch, settings):
    settings.WORKER_MEMORY_MB = setting
    asked = []
    monkeypatch.setattr(running.resource, "setrlimit", lambda kind, limits: asked.append((kind, limits)))
    running.limit_memory()
    [(kind, (soft, hard))] = asked
    assert kind == resource.RLIMIT_DATA and hard == resource.getrlimit(resource.RLIMIT_DATA)[1]
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert soft == (pytest.approx(whole * share, rel=1e-9) if share else 512 * 1024 * 1024)


def test_a_lane_is_warmed_up_by_each_of_its_rooms_once(monkeypatch):
    monkeypatch.setattr(registry, "_warm_ups", {})
    for _ in range(2):
        registry.register_warm_up(Lane.COACH, "a.room")
        registry.register_warm_up(Lane.COACH, "another.room")
    assert registry.warm_ups(Lane.COACH) == ["a.room", "another.room"]
    assert registry.warm_ups(Lane.LIVE) == []


def test_a_long_job_gives_way_after_its_stint_or_when_others_wait():
    context, job = running.Context(threading.Event()), queue.enqueue("well")
    Job.objects.filter(pk=job.pk).update(status="running")
    stint, polite = running.STINT_SECONDS, running.GIVE_WAY_SECONDS
    assert not context.gives_way(job, stint) and context.gives_way(job, stint + 1)
    queue.enqueue("well")
    assert not context.gives_way(job, polite) and context.gives_way(job, polite + 1)
    context.stopping.set()
    assert context.gives_way(job, 0)


def test_old_rows_go():
    from peersupport.jobs import canary

    rows = {days: queue.enqueue("well") for days in (1, 29, 31)}
    for days, job in rows.items():
        Job.objects.filter(pk=job.pk).update(status="done", finished_at=timezone.now() - timedelta(days))
    hours = queue.enqueue(canary.KINDS[Lane.LIVE])
    Job.objects.filter(pk=hours.pk).update(status="done", finished_at=timezone.now() - timedelta(hours=2))
    still = queue.enqueue("well")
    sweeper.keep_house()
    assert set(Job.objects.values_list("pk", flat=True)) == {rows[1].pk, rows[29].pk, still.pk}
