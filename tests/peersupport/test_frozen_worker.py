"""A worker that stands still in the middle of a transaction, on a real PostgreSQL: others go on."""

from __future__ import annotations

import time

import pytest

from bench.promises.place import IDLE_SECONDS, SERVICES, place

MAKE = """
from peersupport.jobs import queue
from peersupport.jobs.models import Job
made = [Job.objects.create(kind="effect_live", lane="live", subject="1") for _ in range(2)]
claimed = [job.pk for _ in made for job in queue.claim("live", "frozen")]
Job.objects.update(lease_until=queue.in_seconds(-60))
answer = claimed
"""
FREEZE = """
import django, sys, time; django.setup()
from django.db import transaction
from peersupport.jobs.models import Job
with transaction.atomic():
    Job.objects.filter(pk=sys.argv[1]).update(progress=.5)
    print("holds", flush=True)
    time.sleep(600)
"""
SWEEP = "from peersupport.jobs import queue; answer = queue.sweep()"
STATES = "SELECT status FROM peersupport_job WHERE kind = 'effect_live' ORDER BY id"


@pytest.mark.slow
def test_a_frozen_worker_holds_up_neither_the_sweep_nor_its_own_row_for_ever(tmp_path, migrated):
    with place(SERVICES, tmp_path, like=migrated) as where:
        held, _ = where.ask(MAKE)
        frozen = where.start_piped("-c", FREEZE, str(held))
        assert frozen.stdout.readline() == "holds\n"
        began = time.monotonic()
        assert where.ask(SWEEP) == 1
        assert where.rows(STATES) == [("running",), ("queued",)]
        ends = time.monotonic() + 3 * IDLE_SECONDS
        while where.ask(SWEEP) == 0:
            assert time.monotonic() < ends
        assert where.rows(STATES) == [("queued",), ("queued",)]
        assert time.monotonic() - began >= IDLE_SECONDS / 2, "the row was not held at all"
        assert frozen.poll() is None
