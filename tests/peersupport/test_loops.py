"""The loops of lane and sweeper: they go on after a database that was away, and end when told."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import OperationalError

from peersupport.jobs import running, sweeper
from peersupport.jobs.models import Lane


class Turns:
    """Counts calls, raises on the first, and tells the loop to stop after the third."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        self.stopping = threading.Event()

    def __call__(self, *args, **kwargs) -> None:
        self.calls.append(time.monotonic())
        if len(self.calls) == 3:
            self.stopping.set()
        if len(self.calls) == 1:
            raise OperationalError


class Connection:
    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def connection(monkeypatch) -> Connection:
    """The loops' connection: that of the test must stay open."""
    connection = Connection()
    for room in (running, sweeper):
        monkeypatch.setattr(room, "close_old_connections", lambda: None)
        monkeypatch.setattr(room, "connection", connection)
    return connection


def test_a_lane_goes_on_after_the_database_was_away(connection, monkeypatch, settings):
    settings.JOB_POLL_MILLISECONDS = 40
    turns = Turns()
    monkeypatch.setattr(running, "drain_lane", turns)
    running.serve_lane(Lane.LIVE, worker="a", stopping=turns.stopping)
    first, second = (b - a for a, b in zip(turns.calls, turns.calls[1:], strict=False))
    assert first >= 0.9  # a moment to come back
    assert connection.closed == 2  # the broken one, and at the end
    assert 0.03 <= second < 0.5


def test_other_lanes_look_less_often(connection, monkeypatch, settings):
    settings.JOB_POLL_MILLISECONDS = 40
    turns = Turns()
    monkeypatch.setattr(running, "drain_lane", turns)
    running.serve_lane(Lane.BATCH, worker="a", stopping=turns.stopping)
    assert 0.19 <= turns.calls[2] - turns.calls[1] < 0.9


def test_the_sweeper_goes_on_and_keeps_house_seldom(connection, monkeypatch, settings):
    settings.JOB_LEASE_SECONDS = 1
    turns, kept = Turns(), []
    monkeypatch.setattr(sweeper, "sweep_once", turns)
    monkeypatch.setattr(sweeper, "keep_house", lambda: kept.append(1))
    sweeper.serve(turns.stopping)
    assert kept == [1]
    assert connection.closed == 2
    first, second = (b - a for a, b in zip(turns.calls, turns.calls[1:], strict=False))
    assert max(first, second) < 0.9  # a third of the lease


def test_a_loop_that_was_told_before_does_nothing(connection, monkeypatch):
    turns = Turns()
    turns.stopping.set()
    monkeypatch.setattr(running, "drain_lane", turns)
    monkeypatch.setattr(sweeper, "sweep_once", turns)
    running.serve_lane(Lane.LIVE, worker="a", stopping=turns.stopping)
    sweeper.serve(turns.stopping)
    assert turns.calls == []


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
