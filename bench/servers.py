"""Servers of a measurement's own, on free ports, that it may stop, kill and wipe as it likes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

START_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int) -> None:
    """Return once something listens there. Raises RuntimeError after 30 s."""
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port} after {START_SECONDS} s")


def _postgres_program(name: str) -> str | None:
    """Debian keeps the server's programs outside PATH, one folder a version."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(versions[-1]) if versions else None)


def missing_programs() -> list[str]:
    """Programs that `Postgres` and `Redis` need and this machine lacks."""
    found = {name: _postgres_program(name) for name in ("initdb", "pg_ctl")}
    found["redis-server"] = shutil.which("redis-server")
    return [name for name, path in found.items() if path is None]


class Postgres:
    """A cluster in `folder`; run as user postgres where this process is root, who may not run one.

    `fsync`: whether a commit reaches the disk, as in production; only its speed depends on it here.
    `like`: the folder of a stopped cluster, whose data this one begins with.
    """

    def __init__(self, folder: Path, *, fsync: bool = False, like: Path | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.fsync = fsync
        self._user = "postgres" if os.geteuid() == 0 else None
        folder.mkdir(parents=True)
        if self._user:
            for parent in [folder, *folder.parents]:
                if parent.stat().st_uid == 0 and parent.stat().st_mode & 0o077 == 0:
                    parent.chmod(0o711)  # pytest's folders are closed to other users
            shutil.chown(folder, self._user)
        if like:
            subprocess.run(["cp", "-a", f"{like}/data", f"{folder}/data"], check=True)
            return
        self._call("initdb", "--username=postgres", "--auth=trust", "--no-sync", f"--pgdata={folder}/data")

    def _call(self, name: str, *arguments: str) -> None:
        program = _postgres_program(name)
        subprocess.run(
            [program, *arguments], check=True, user=self._user, cwd=self.folder, stdout=subprocess.DEVNULL
        )

    def start(self) -> Postgres:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        options += f" -c fsync={'on' if self.fsync else 'off'} -c max_connections=200"
        # As docker-compose.yml has it: a refused statement is logged without its row and its text.
        options += " -c log_min_error_statement=panic -c log_error_verbosity=terse"
        data, log = f"--pgdata={self.folder}/data", f"--log={self.folder}/log"
        self._call("pg_ctl", "start", "--wait", data, log, f"--options={options}")
        return self

    def stop(self, mode: str = "fast") -> None:
        """`mode`: smart, fast (sessions are cut) or immediate (as in a crash).

        A server that does not stop in time, with a word in its own log, is stopped as in a crash.
        """
        data = f"--pgdata={self.folder}/data"
        try:
            self._call("pg_ctl", "stop", "--wait", "--timeout=20", f"--mode={mode}", data)
        except subprocess.CalledProcessError:
            print((self.folder / "log").read_text(errors="replace")[-1000:], file=sys.stderr)
            self._call("pg_ctl", "stop", "--wait", "--mode=immediate", data)

    def restart(self, mode: str = "fast") -> float:
        """Stop and start; returns the seconds in which it took no connections."""
        began = time.monotonic()
        self.stop(mode)
        self.start()
        return time.monotonic() - began


class Redis:
    """A server that keeps nothing on disk, as the broker runs in production."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen | None = None

    def start(self) -> Redis:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            [*command, "--appendonly", "no", "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        wait_for_port(self.port)
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(START_SECONDS)

    def client(self):
        import redis

        return redis.Redis.from_url(self.url)
