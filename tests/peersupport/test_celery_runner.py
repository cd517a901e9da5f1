"""The Celery runner on a real Redis with a real worker process. Collected when a broker is set."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

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


@pytest.fixture
def worker(broker):
    command = [sys.executable, "-m", "celery", "-A", "peersupport", "worker", "-Q", "live", "-c", "1"]
    env = {**os.environ, "DATABASE_URL": database_url()}
    process = subprocess.Popen([*command, "--pool=solo", "-l", "warning"], env=env)
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


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


def test_a_wiped_broker_loses_nothing(broker, worker):
    with transaction.atomic():
        job = queue.enqueue(canary.KINDS["live"])
    broker.flushdb()
    wait_done(job, 30)


def test_no_broker_costs_no_job(settings):
    from peersupport.celery import app

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    before = app.conf.broker_url
    app.conf.broker_url = settings.CELERY_BROKER_URL
    try:
        with transaction.atomic():
            job = queue.enqueue(canary.KINDS["live"])
    finally:
        app.conf.broker_url = before
    assert Job.objects.get(pk=job.pk).status == Job.Status.QUEUED
