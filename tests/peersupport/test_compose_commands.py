"""Every command of docker-compose.yml, run as a plain process on this run's servers. Wants a broker.

Of the environment only what names another container is replaced: addresses, ports and folders.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import redis
from django.conf import settings

from bench.app import ROOT
from bench.servers import free_port, wait_for_port
from tests.compose import compose, seconds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SERVICES = compose(ALLOWED_HOSTS="practice.example.org")["services"]
SECRETS = {
    "secret_key": "".join(chr(number) for number in range(48, 123) if chr(number).isalnum()),
    "metrics_token": "of-the-monitoring-system-0123456789abcdef",
}


class Stack:
    """The services of the file, each a process."""

    def __init__(self, place, port: int) -> None:
        self.place = place
        self.port = port
        self.secrets = place.folder / "secrets"
        self.secrets.mkdir()
        row = settings.DATABASES["default"]
        for name, value in {**SECRETS, "database_password": row["PASSWORD"] or "not asked for"}.items():
            (self.secrets / name).write_text(value + "\n")
        self.running: dict[str, subprocess.Popen] = {}
        self.logs = place.folder / "logs"
        self.logs.mkdir()

    def env(self, service: str) -> dict[str, str]:
        given = {
            name: value.replace("/run/secrets", str(self.secrets))
            for name, value in SERVICES[service]["environment"].items()
        }
        given["DATABASE_URL"] = self.place.set["DATABASE_URL"]
        given["CELERY_BROKER_URL"] = settings.CELERY_BROKER_URL
        folder = Path(sys.executable).parent
        return {"PATH": f"{folder}:{os.environ['PATH']}", "DATA_DIR": str(self.place.folder), **given}

    def command(self, words: list[str]) -> list[str]:
        return [word.replace("8000", str(self.port)) for word in words]

    def run(self, service: str, words: list[str]) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(words), cwd=ROOT, env=self.env(service), capture_output=True, text=True, timeout=120
        )

    def health(self, service: str) -> subprocess.CompletedProcess:
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        return self.run(service, words)

    def start(self, *services: str) -> None:
        for name in services:
            log = (self.logs / name).open("w")
            self.running[name] = subprocess.Popen(
                self.command(SERVICES[name]["command"]), cwd=ROOT, env=self.env(name), stderr=log
            )

    def healthy(self, *services: str) -> None:
        for name in services:
            ends = time.monotonic() + seconds(SERVICES[name]["healthcheck"]["start_period"])
            while (last := self.health(name)).returncode:
                assert self.running[name].poll() is None, f"{name}: {(self.logs / name).read_text()}"
                assert time.monotonic() < ends, f"{name}: {last.stderr}"
                time.sleep(0.5)

    def stop(self, *services: str) -> None:
        """Each ends with code 0 within its grace period, as `docker compose stop` would have it."""
        for name in services:
            self.running[name].send_signal(signal.SIGTERM)
        for name in services:
            grace = seconds(SERVICES[name]["stop_grace_period"])
            assert self.running.pop(name).wait(min(grace, 20)) == 0, (self.logs / name).read_text()


@pytest.fixture
def stack(place):
    redis.Redis.from_url(settings.CELERY_BROKER_URL).flushdb()
    stack = Stack(place("compose"), free_port())
    yield stack
    for process in stack.running.values():
        process.kill()
        process.wait()


def metrics(stack: Stack) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{stack.port}/metrics")
    request.add_header("Host", "practice.example.org")
    request.add_header("X-Forwarded-Proto", "https")
    request.add_header("Authorization", f"Bearer {SECRETS['metrics_token']}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def test_the_services_come_up_healthy_take_canaries_and_stop(stack):
    assert stack.health("migrate").returncode != 0
    done = stack.run("migrate", SERVICES["migrate"]["command"])
    assert done.returncode == 0, done.stderr
    assert stack.health("migrate").returncode == 0
    started = ["web", "sweeper", "worker-live", "worker-gpu", "worker-batch"]
    assert [name for name in started if stack.health(name).returncode == 0] == []

    stack.start(*started)
    stack.healthy(*started)
    found = metrics(stack)
    for lane in ("live", "coach", "batch"):
        assert f'peersupport_jobs_done_5m{{lane="{lane}",kind="canary' in found
    assert "} +Inf" not in found  # a canary came through every lane

    stack.stop("worker-gpu")
    stack.place.ask("from peersupport.jobs.models import Job; Job.objects.filter(lane='coach').delete()")
    assert "lane coach is not served" in stack.health("worker-coach").stderr
    stack.start("worker-coach")
    stack.healthy("worker-coach")
    stack.stop(*stack.running)

    for log in stack.logs.iterdir():  # served to others: every line of ours is one JSON object
        lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
        assert all({"time", "level", "logger", "message"} <= set(json.loads(line)) for line in lines)
    assert '"route": "metrics"' not in (stack.logs / "web").read_text()  # probes are quiet


def test_the_broker_and_the_checks_of_the_servers(tmp_path):
    port = free_port()
    command = [*SERVICES["broker"]["command"], "--port", str(port), "--dir", str(tmp_path)]
    broker = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        check = SERVICES["broker"]["healthcheck"]["test"][1:]
        done = subprocess.run([check[0], "-p", str(port), *check[1:]], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "PONG\n"), shlex.join(check)
        client = redis.Redis(port=port)
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("save") == {"save": ""}
    finally:
        broker.terminate()
        assert broker.wait(10) == 0
    row = settings.DATABASES["default"]
    if row["ENGINE"].endswith("postgresql"):
        where = {"PGHOST": row["HOST"], "PGPORT": str(row["PORT"] or 5432)}
        check = SERVICES["database"]["healthcheck"]["test"][1:]
        assert subprocess.run(check, env={**os.environ, **where}, capture_output=True).returncode == 0
