"""The loops of lanes and sweeper: they go on after a database that was away or anything else that broke, and
end when told."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import OperationalError

from peersupport.jobs import celery_worker, running, sweeper
from peersupport.jobs.models import Lane
from tests.leaks import CANARY


class Stopping(threading.Event):
    """Keeps how long it was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()

    def comes(self, seconds: float) -> bool:
        return super().wait(seconds)


class Turns:
    """Counts calls, raises on the first, and tells the loop to stop after the third."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls = 0
        self.error = error or OperationalError()
        self.stopping = Stopping()

    def __call__(self, *args, **kwargs) -> None:
        self.calls += 1
        if self.calls == 3:
            self.stopping.set()
        if self.calls == 1:
            raise self.error


class Connection:
    closed = old_closed = 0

    def close(self) -> None:
        self.closed += 1

    def close_old(self) -> None:
        self.old_closed += 1


@pytest.fixture
def connection(monkeypatch) -> Connection:
    """The loops' connection: that of the test must stay open."""
    connection = Connection()
    for room in (running, sweeper, celery_worker):
        monkeypatch.setattr(room, "close_old_connections", connection.close_old)
        monkeypatch.setattr(room, "connection", connection)
    return connection


ERRORS = pytest.mark.parametrize(
    ("error", "level", "told"),
    [
        (OperationalError(CANARY), "WARNING", "OperationalError"),
        (LookupError(CANARY), "ERROR", "LookupError"),
    ],
    ids=["database", "other"],
)


@ERRORS
def test_a_lane_goes_on_after_something_broke(connection, monkeypatch, settings, caplog, error, level, told):
    settings.JOB_POLL_MILLISECONDS = 40
    turns = Turns(error)
    monkeypatch.setattr(running, "drain_lane", turns)
    running.serve_lane(Lane.LIVE, worker="a", stopping=turns.stopping)
    assert turns.stopping.waits == [1, 0.04, 0.04]  # a moment for what is away to come back
    assert connection.closed == 2  # the broken one, and at the end
    assert connection.old_closed == 3
    [record] = caplog.records
    assert record.levelname == level and told in record.getMessage() and CANARY not in record.getMessage()


def test_other_lanes_look_less_often(connection, monkeypatch, settings):
    settings.JOB_POLL_MILLISECONDS = 40
    turns = Turns()
    monkeypatch.setattr(running, "drain_lane", turns)
    running.serve_lane(Lane.BATCH, worker="a", stopping=turns.stopping)
    assert turns.stopping.waits == [1, 0.2, 0.2]


def test_a_lane_is_warmed_up_before_its_first_turn(connection, monkeypatch):
    turns, warmed = Turns(), []
    monkeypatch.setattr(running, "warm_up", lambda lane, worker: warmed.append((lane, worker, turns.calls)))
    monkeypatch.setattr(running, "drain_lane", turns)
    running.serve_lane(Lane.COACH, worker="a", stopping=turns.stopping)
    assert warmed == [(Lane.COACH, "a", 0)]


@ERRORS
def test_the_sweeper_goes_on_and_keeps_house_seldom(
    connection, monkeypatch, settings, caplog, error, level, told
):
    settings.JOB_LEASE_SECONDS = 1
    turns, kept = Turns(error), []
    monkeypatch.setattr(sweeper, "sweep_once", turns)
    monkeypatch.setattr(sweeper, "keep_house", lambda: kept.append(1))
    sweeper.serve(turns.stopping)
    assert kept == [1]
    assert connection.closed == 2
    assert connection.old_closed == 3
    assert turns.stopping.waits == pytest.approx([1 / 3] * 3)  # a third of the lease
    [record] = caplog.records
    assert record.levelname == level and told in record.getMessage() and CANARY not in record.getMessage()


@ERRORS
def test_a_celery_worker_goes_on_looking_after_something_broke(
    connection, monkeypatch, caplog, error, level, told
):
    turns = Turns(error)
    monkeypatch.setattr(celery_worker, "stopping", turns.stopping)
    monkeypatch.setattr(celery_worker.running, "warm_up", lambda lane, worker: None)
    monkeypatch.setattr(celery_worker.queue, "waits", turns)
    celery_worker.look_for_unheard([Lane.LIVE])
    assert turns.calls == 3
    assert turns.stopping.waits == [celery_worker.UNHEARD_SECONDS] * 4
    assert connection.closed == 2
    [record] = caplog.records
    assert record.levelname == level and told in record.getMessage() and CANARY not in record.getMessage()


def test_what_breaks_while_celery_drains_is_told_by_us_and_not_by_celery(connection, monkeypatch, caplog):
    turns = Turns(LookupError(CANARY))
    monkeypatch.setattr(running, "drain_lane", turns)
    assert celery_worker.drain(Lane.LIVE) == 0
    assert connection.closed == 1
    assert "LookupError" in caplog.text and CANARY not in caplog.text


def test_a_heartbeat_goes_on_after_something_broke(monkeypatch, settings):
    settings.JOB_LEASE_SECONDS = 0.03
    turns = Turns(MemoryError())
    monkeypatch.setattr(running.queue, "heartbeat", turns)
    monkeypatch.setattr(running, "connection", Connection())
    beat = running._Heartbeat(["a"], seconds=60)
    beat.start()
    assert turns.stopping.comes(5)
    beat.done.set()
    beat.join(5)


def test_a_loop_that_was_told_before_does_nothing(connection, monkeypatch):
    turns = Turns()
    turns.stopping.set()
    monkeypatch.setattr(running, "drain_lane", turns)
    monkeypatch.setattr(sweeper, "sweep_once", turns)
    running.serve_lane(Lane.LIVE, worker="a", stopping=turns.stopping)
    sweeper.serve(turns.stopping)
    assert turns.calls == 0


def test_a_lease_is_kept_alive_while_the_work_runs(monkeypatch, settings):
    settings.JOB_LEASE_SECONDS = 0.3
    beats = []
    monkeypatch.setattr(running.queue, "heartbeat", beats.append)
    monkeypatch.setattr(running, "connection", Connection())
    beat = running._Heartbeat(["a", "b"], seconds=60)
    beat.start()
    time.sleep(0.5)
    beat.done.set()
    beat.join(5)
    assert beats[:4] == ["a", "b", "a", "b"]
    assert len(beats) <= 12
    assert running.connection.closed == 1
