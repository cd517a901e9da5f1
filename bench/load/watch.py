"""Watching the processes and the database of a load while it runs."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress

import psutil
import psycopg

from bench.promises.place import Place

EVERY_SECONDS = 0.25
BACKENDS = """
SELECT state, wait_event_type, wait_event FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
DEADLOCKS = "SELECT coalesce(sum(deadlocks), 0)::int FROM pg_stat_database"


def role(process: psutil.Process) -> str:
    """What a process of `manage.py up` does, read off its command line."""
    words = process.cmdline()
    if "peersupport.serve" in words:
        return "web"
    if "-Q" in words:
        return f"worker {words[words.index('-Q') + 1]}"
    if "worker" in words:
        return f"worker {words[words.index('--lanes') + 1].replace(',', '+')}"
    return "sweeper" if "sweeper" in words else "starter"


def cpu_seconds(process: psutil.Process, *, reaped: bool = False) -> float:
    """User and system; with `reaped` also that of children that have ended."""
    times = process.cpu_times()
    return times.user + times.system + (times.children_user + times.children_system if reaped else 0)


def _doing(state: str | None, kind: str | None, event: str | None) -> str:
    """What a backend does: its state, and for one at work what it waits for."""
    return f"{state}: {event}" if state == "active" and kind else str(state)


class Watch(threading.Thread):
    """Samples until `finish`; then `roles` has CPU seconds and peak memory per role, `most_connections`
    and `lock_waits` what PostgreSQL said."""

    def __init__(self, place: Place, starter: int) -> None:
        super().__init__(daemon=True)
        self.place = place
        self.starter = psutil.Process(starter)
        self.done = threading.Event()
        self.samples = self.lock_waits = self.most_connections = 0
        self.memory: Counter[str] = Counter()
        self.backends: Counter[str] = Counter()
        self.cpu_before = self._cpu()
        self.cpu: dict[str, float] = {}
        self.deadlocks = 0

    def _servers(self) -> list[tuple[str, psutil.Process]]:
        """The servers' own main processes."""
        if self.place.postgres is None:
            return []
        pid = int((self.place.postgres.folder / "data" / "postmaster.pid").read_text().split()[0])
        return [("postgres", psutil.Process(pid)), ("redis", psutil.Process(self.place.redis.process.pid))]

    def _processes(self) -> list[tuple[str, psutil.Process]]:
        found = [(role(child), child) for child in self.starter.children(recursive=True)]
        for name, server in self._servers():
            found += [(name, server), *((name, child) for child in server.children())]
        return found

    def _cpu(self) -> dict[str, float]:
        found: Counter[str] = Counter()
        mains = {server.pid for _, server in self._servers()}
        for name, process in self._processes():
            with suppress(psutil.NoSuchProcess):
                found[name] += cpu_seconds(process, reaped=process.pid in mains)
        return dict(found)

    def _memory(self) -> None:
        """MiB per role, shared pages counted once (PSS); the highest sum seen is kept."""
        now: Counter[str] = Counter()
        for name, process in self._processes():
            with suppress(psutil.NoSuchProcess):
                now[name] += process.memory_full_info().pss / 2**20
        for name, value in now.items():
            self.memory[name] = max(self.memory[name], round(value))

    def run(self) -> None:
        url = self.place.postgres.url if self.place.postgres else None
        connection = psycopg.connect(url, autocommit=True) if url else None
        turn = 0
        while not self.done.wait(EVERY_SECONDS):
            if connection:
                backends = connection.execute(BACKENDS).fetchall()
                self.samples += 1
                self.lock_waits += sum(kind == "Lock" for _, kind, _ in backends)
                self.most_connections = max(self.most_connections, len(backends))
                self.backends.update(_doing(*backend) for backend in backends)
            if turn % 8 == 0:
                self._memory()
            turn += 1
        if connection:
            self.deadlocks = connection.execute(DEADLOCKS).fetchone()[0]
            connection.close()

    def finish(self) -> None:
        after = self._cpu()
        self.cpu = {name: round(value - self.cpu_before.get(name, 0), 2) for name, value in after.items()}
        self.done.set()
        self.join()


def wait_until_quiet(place: Place, *, most: float) -> float:
    """Return once no job of a chat waits or runs; the seconds that took, at most `most`."""
    began = time.monotonic()
    query = "SELECT count(*) FROM peersupport_job WHERE status IN ('queued', 'running') AND kind <> 'canary'"
    while time.monotonic() - began < most:
        if place.rows(query)[0][0] == 0:
            break
        time.sleep(0.5)
    return time.monotonic() - began
