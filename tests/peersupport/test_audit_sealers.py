"""Two real processes seal while ten write, in transactions that end in another order than they began."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from peersupport.audit import chain
from peersupport.audit.models import AuditEvent
from tests.peersupport.test_celery_runner import database_url

ROOT = Path(__file__).resolve().parents[2]
WRITERS, LINES = 10, 12
START = "import django, random, time; django.setup()\nfrom peersupport.audit import chain, log\n"
WRITE = f"""
from django.db import transaction
for _ in range({LINES}):
    with transaction.atomic():
        log.record(None, "export")
        time.sleep(random.uniform(0, 0.02))
"""
SEAL = """
import select, sys
while not select.select([sys.stdin], [], [], 0.003)[0]:
    chain.seal(limit=7)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_sealers_and_ten_writers_make_one_whole_chain():
    env = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "peersupport.settings"}
    env["LOG_LEVEL"] = "WARNING"

    def start(code: str) -> subprocess.Popen:
        command = [sys.executable, "-c", START + code]
        return subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE)

    sealers = [start(SEAL) for _ in range(2)]
    writers = [start(WRITE) for _ in range(WRITERS)]
    assert [writer.wait(60) for writer in writers] == [0] * WRITERS
    for sealer in sealers:
        sealer.communicate(b"stop\n", timeout=30)
        assert sealer.returncode == 0
    chain.seal()
    assert chain.first_broken() is None
    assert chain.head().position == WRITERS * LINES == AuditEvent.objects.exclude(position=None).count()
