"""`make services`: web, a Celery worker per lane and the sweeper, on real servers. Wants a broker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from peersupport.jobs.models import Job
from tests.peersupport.test_celery_runner import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_all_processes_come_up_a_canary_passes_and_ctrl_c_stops_them(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--no-demo", "--port", str(port)],
        env={**os.environ, "DATABASE_URL": database_url(), "DATA_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        for line in process.stdout:
            if "is ready after" in line:
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            assert b'"runner": "celery"' in answer.read()
        assert Job.objects.filter(status=Job.Status.DONE, worker__startswith="celery@").exists()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)
        assert process.returncode == 0
        assert time.monotonic() - began < 30
    finally:
        process.kill()
    # Its children had sessions of their own; none may be left behind.
    left = subprocess.run(["pgrep", "-f", f"--port {port}"], capture_output=True, text=True, check=False)
    assert left.stdout == ""
