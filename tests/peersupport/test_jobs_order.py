"""Rows of one ordering key: one at a time, in their order."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from peersupport.jobs import queue
from peersupport.jobs.models import Job, Lane
from tests.peersupport.test_jobs_queue import kinds  # noqa: F401

pytestmark = pytest.mark.django_db


def test_a_row_waits_for_earlier_open_rows_of_its_key():
    first, second = queue.enqueue("well", ordering_key="k"), queue.enqueue("well", ordering_key="k")
    other = queue.enqueue("well", ordering_key="other")
    claimed = queue.claim(Lane.LIVE, "a")
    assert [job.pk for job in claimed] == [first.pk, other.pk]
    assert queue.claim(Lane.LIVE, "b") == []
    queue.close(claimed[0], lambda: None)
    assert [job.pk for job in queue.claim(Lane.LIVE, "b")] == [second.pk]


def test_a_row_that_was_set_aside_and_is_tried_again_waits_for_the_later_one_that_runs():
    first, second = queue.enqueue("well", ordering_key="k"), queue.enqueue("well", ordering_key="k")
    Job.objects.filter(pk=first.pk).update(status="quarantined")
    [running] = queue.claim(Lane.LIVE, "a")
    assert running == second
    assert queue.requeue(first)
    assert queue.claim(Lane.LIVE, "b") == []
    queue.close(running, lambda: None)
    assert queue.claim(Lane.LIVE, "b") == [first]


@pytest.mark.parametrize("ending", ["close", "quarantine", "cancel", "requeue"])
def test_whoever_waits_behind_a_row_is_woken_when_it_is_over(
    ending, monkeypatch, django_capture_on_commit_callbacks
):
    first, second, _ = (queue.enqueue("well", ordering_key="chat:1") for _ in range(3))
    queue.enqueue("well", ordering_key="chat:2")
    [held] = queue.claim(Lane.LIVE, "a")[:1]
    assert held == first
    if ending == "requeue":
        Job.objects.filter(pk=first.pk).update(status="quarantined")
    woken = []
    runner = SimpleNamespace(wake=lambda lane, pk, delay=0.0: woken.append((lane, pk)))
    monkeypatch.setattr(queue, "get_runner", lambda: runner)
    with django_capture_on_commit_callbacks(execute=True):
        if ending == "close":
            queue.close(held, lambda: None)
        elif ending == "quarantine":
            held.attempts = 99
            queue.fail(held, "broken")
        elif ending == "cancel":
            assert queue.cancel(held)
        else:
            assert queue.requeue(held)
    assert woken == [(Lane.LIVE, first.pk if ending == "requeue" else second.pk)]


def test_a_retry_locks_its_own_row_among_the_later_ones_in_the_order_of_all():
    """An erasure locks all jobs of a chat in this order: two orders would wait for each other."""
    first, _ = queue.enqueue("well", ordering_key="k"), queue.enqueue("well", ordering_key="k")
    Job.objects.filter(pk=first.pk).update(status=Job.Status.QUARANTINED)
    with CaptureQueriesContext(connection) as asked:
        assert queue.requeue(first)
    [locked] = [one["sql"] for one in asked if one["sql"].startswith("SELECT")][:1]
    assert str(first.pk) in locked and "ORDER BY" in locked and "'k'" in locked


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_row_is_not_tried_again_beside_a_later_one_that_is_being_claimed():
    first, second = queue.enqueue("well", ordering_key="k"), queue.enqueue("well", ordering_key="k")
    Job.objects.filter(pk=first.pk).update(status=Job.Status.QUARANTINED)
    tried = threading.Event()

    def retry():
        queue.requeue(first)
        connection.close()
        tried.set()

    person = threading.Thread(target=retry)
    with transaction.atomic():  # as a claim does, and has not committed yet
        rows = Job.objects.select_for_update().filter(pk=second.pk)
        rows.update(status=Job.Status.RUNNING, lease_until=queue.in_seconds(30))
        person.start()
        assert not tried.wait(1)
    assert tried.wait(20)
    person.join()
    assert queue.claim(Lane.LIVE, "b") == []
