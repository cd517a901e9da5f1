"""The Celery runner on a real Redis with a real worker process. Collected when a broker is set."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from peersupport.celery import app
from peersupport.jobs import canary, queue
from peersupport.jobs.models import Job
from peersupport.jobs.runners import CeleryRunner, get_runner

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def database_url() -> str:
    """The URL of the test database, as a worker process needs it."""
    row = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{row['NAME']}"
    return f"postgres://{row['USER']}:{row['PASSWORD']}@{row['HOST']}:{row['PORT']}/{row['NAME']}"


@pytest.fixture
def broker():
    client = redis.Redis.from_url(settings.CELERY_BROKER_URL)
    client.flushdb()
    yield client
    client.flushdb()


@contextmanager
def running_worker():
    command = [sys.executable, "-m", "celery", "-A", "peersupport", "worker", "-Q", "live", "-c", "1"]
    env = {**os.environ, "DATABASE_URL": database_url()}
    process = subprocess.Popen([*command, "--pool=solo", "-l", "warning"], env=env)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(30)
        finally:
            process.kill()  # one that did not stop must not read another test's queue
    assert code == 0


@pytest.fixture
def worker(broker):
    with running_worker() as process:
        yield process


def wait_done(job: Job, seconds: float) -> float:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        job.refresh_from_db()
        if job.status == Job.Status.DONE:
            return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError(f"job is {job.status} after {seconds} s")


def test_a_job_runs_on_a_worker(worker):
    assert isinstance(get_runner(), CeleryRunner)
    with transaction.atomic():
        job = queue.enqueue(canary.KINDS["live"])
    wait_done(job, 30)
    assert job.worker.startswith("celery@")


def test_a_message_carries_ids_only(broker):
    with transaction.atomic():
        job = queue.enqueue(canary.KINDS["live"])
    [message] = broker.lrange("live", 0, -1)
    assert f'["live", {job.pk}]' in broker_body(message)


def broker_body(message: bytes) -> str:
    import base64
    import json

    return base64.b64decode(json.loads(message)["body"]).decode()


def test_a_wiped_broker_loses_nothing(broker):
    """Wiped before any worker was there to take the message: what runs is the row."""
    with transaction.atomic():
        job = queue.enqueue(canary.KINDS["live"])
    assert broker.llen("live") == 1
    broker.flushdb()
    with running_worker():
        wait_done(job, 60)


@pytest.fixture
def dead_broker(monkeypatch):
    """Nothing listens where the broker should be. Celery takes the address from the environment first, and
    keeps its connections: both are put back afterwards."""
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    monkeypatch.setattr(get_runner(), "_rests_until", 0.0)
    return get_runner()


def test_no_broker_costs_no_job(dead_broker, caplog):
    began = time.monotonic()
    with transaction.atomic():
        job = queue.enqueue(canary.KINDS["live"])
    assert "broker not reached (OperationalError)" in caplog.text
    assert str(job.pk) in caplog.text
    assert dead_broker._rests_until > began
    job.refresh_from_db()
    assert job.status == Job.Status.QUEUED


def test_a_broker_that_was_away_is_left_alone_for_a_moment(dead_broker, caplog):
    for _ in range(3):
        with transaction.atomic():
            queue.enqueue(canary.KINDS["live"])
    assert caplog.text.count("broker not reached") == 1
    assert Job.objects.filter(status=Job.Status.QUEUED).count() == 3
