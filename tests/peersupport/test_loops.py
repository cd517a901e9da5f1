"""The loops of lane and sweeper: they go on after a database that was away, and end when told."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import OperationalError

from peersupport.jobs import running, sweeper
from peersupport.jobs.models import Lane


class Stopping(threading.Event):
    """Keeps how long it was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


class Turns:
    """Counts calls, raises on the first, and tells the loop to stop after the third."""

    def __init__(self) -> None:
        self.calls = 0
        self.stopping = Stopping()

    def __call__(self, *args, **kwargs) -> None:
        self.calls += 1
        if self.calls == 3:
            self.stopping.set()
        if self.calls == 1:
            raise OperationalError


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
    for room in (running, sweeper):
        monkeypatch.setattr(room, "close_old_connections", connection.close_old)
        monkeypatch.setattr(room, "connection", connection)
    return connection


def test_a_lane_goes_on_after_the_database_was_away(connection, monkeypatch, settings):
    settings.JOB_POLL_MILLISECONDS = 40
    turns = Turns()
    monkeypatch.setattr(running, "drain_lane", turns)
    running.serve_lane(Lane.LIVE, worker="a", stopping=turns.stopping)
    assert turns.stopping.waits == [1, 0.04, 0.04]  # a moment for the database to come back
    assert connection.closed == 2  # the broken one, and at the end
    assert connection.old_closed == 3


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


def test_the_sweeper_goes_on_and_keeps_house_seldom(connection, monkeypatch, settings):
    settings.JOB_LEASE_SECONDS = 1
    turns, kept = Turns(), []
    monkeypatch.setattr(sweeper, "sweep_once", turns)
    monkeypatch.setattr(sweeper, "keep_house", lambda: kept.append(1))
    sweeper.serve(turns.stopping)
    assert kept == [1]
    assert connection.closed == 2
    assert connection.old_closed == 3
    assert turns.stopping.waits == pytest.approx([1 / 3] * 3)  # a third of the lease


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
