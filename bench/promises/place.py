"""Where a promise is measured: a folder, a database and, for "services", servers of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from bench.app import ROOT, App
from bench.servers import Postgres, Redis, free_port, wait_for_port

LEASE_SECONDS = 2
IDLE_SECONDS = 5  # until PostgreSQL ends the transaction of a process that froze in it
EMBEDDED, SERVICES = "embedded", "services"
BOTH = (EMBEDDED, SERVICES)


class Place:
    """An installation to break. `postgres` and `redis` are None where the runner is embedded.

    `like`: the folder of a closed place of the same runner; this one begins as a copy of its data.
    """

    def __init__(self, runner: str, folder: Path, *, fsync: bool = False, like: Path | None = None) -> None:
        self.runner = runner
        self.folder = folder
        self.postgres = self.redis = None
        if runner == SERVICES:
            self.postgres = Postgres(
                folder / "postgres", fsync=fsync, like=like and like / "postgres"
            ).start()
            self.redis = Redis(folder / "redis").start()
        self.data_dir = folder / "data"
        self._migrated = like is not None
        if like:
            shutil.copytree(like / "data", self.data_dir)
        else:
            self.data_dir.mkdir()
        self.set = {
            "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "DATABASE_IDLE_SECONDS": str(IDLE_SECONDS),
            "DJANGO_SETTINGS_MODULE": "bench.fault_settings",
        }
        if runner == SERVICES:
            self.set |= {"DATABASE_URL": self.postgres.url, "CELERY_BROKER_URL": self.redis.url}
        self.env = App(self.data_dir, **self.set).env
        self._processes: list[subprocess.Popen] = []
        self._apps: list[App] = []

    def migrate(self) -> None:
        """Database, scenarios and the demo people, unless they came with the copy."""
        if self._migrated:
            return
        for command in ("migrate", "sync_content", "load_demo"):
            self.manage(command)
        self.manage("collectstatic", "--noinput")  # error pages name their styles by hash

    def app(self, **env: str) -> App:
        """The whole application (`manage.py up`), not started yet."""
        return self.keep(App(self.data_dir, **{**self.set, **env}))

    def keep(self, app: App) -> App:
        """Stop the application with the place, where what measured it did not come that far."""
        self._apps.append(app)
        return app

    def manage(self, *arguments: str) -> str:
        return self._run("manage.py", *arguments)

    def ask(self, code: str) -> object:
        """Run code in a process with Django set up; returns the JSON value that it put into `answer`."""
        before = "import django, json; django.setup(); answer = None\n"
        return json.loads(self._run("-c", f"{before}{code}\nprint(json.dumps(answer))").splitlines()[-1])

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def start(self, *arguments: str, **env: str) -> subprocess.Popen:
        """A Python process of this installation, killed with the place if it still lives then."""
        return self._kept([sys.executable, *arguments], env={**self.env, **env})

    def start_piped(self, *arguments: str) -> subprocess.Popen:
        """The same, with its input and output in our hands, as text."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return self._kept([sys.executable, *arguments], env=self.env, **pipes)

    def _kept(self, command: list[str], **options: Any) -> subprocess.Popen:
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **options)
        self._processes.append(process)
        return process

    def start_web(self) -> int:
        """The web process alone; returns its port once it listens."""
        port = free_port()
        self.start("-m", "peersupport.serve", "--port", str(port))
        wait_for_port(port)
        return port

    def start_worker(self, lane: str, *, number: int = 0, **env: str) -> subprocess.Popen:
        """One worker of one lane, as this runner has them."""
        if self.runner == EMBEDDED:
            return self.start("manage.py", "worker", "--lanes", lane, **env)
        celery = ["-m", "celery", "-A", "peersupport", "--quiet", "worker", "--pool=solo", "-c", "1"]
        name = f"{lane}{number}-{os.urandom(3).hex()}@%h"
        return self.start(*celery, "-Q", lane, "-n", name, "-l", "error", "--without-gossip", **env)

    def start_sweeper(self, **env: str) -> subprocess.Popen:
        return self.start("manage.py", "sweeper", **env)

    def rows(self, query: str) -> list[tuple]:
        """Rows of a query, straight from the database; quick enough to be asked many times a second."""
        if self.postgres:
            with psycopg.connect(self.postgres.url) as connection:
                return connection.execute(query).fetchall()
        import sqlite3

        connection = sqlite3.connect(self.data_dir / "peersupport.sqlite3", timeout=20)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        for app in self._apps:
            if app.process and app.process.poll() is None:
                app.stop()
        for process in self._processes:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for server in (self.redis, self.postgres):
            if server:
                with suppress(ProcessLookupError, subprocess.CalledProcessError):
                    server.stop()


@contextmanager
def place(runner: str, folder: Path, *, fsync: bool = False, like: Path | None = None) -> Iterator[Place]:
    made = Place(runner, folder, fsync=fsync, like=like)
    try:
        yield made
    finally:
        made.close()
