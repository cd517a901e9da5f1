"""Starting the whole embedded set-up as child processes, and stopping it together.

A child that dies is started again after a pause that doubles up to 30 seconds, so that one bad
row or a broken disk cannot make it spin.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

STOP_SECONDS = 20
STEADY_SECONDS = 60  # alive for so long, a child counts as healthy again
FIRST_PAUSE, LAST_PAUSE = 0.5, 30.0


@dataclass
class Child:
    name: str
    command: list[str]
    env: dict[str, str]
    process: subprocess.Popen | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    restart_at: float | None = None

    def start(self) -> None:
        # Its own session: Ctrl-C reaches the supervisor alone, which stops the children in order.
        self.process = subprocess.Popen(self.command, env=self.env, start_new_session=True)  # noqa: S603
        self.started = time.monotonic()
        self.restart_at = None

    def restart_if_dead(self) -> None:
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if self.restart_at is None:
            self.pause = (
                FIRST_PAUSE if now - self.started > STEADY_SECONDS else min(LAST_PAUSE, self.pause * 2)
            )
            self.restart_at = now + self.pause
            code = self.process.returncode
            print(
                f"{self.name} ended with code {code}; starting it again in {self.pause:.0f} s",
                file=sys.stderr,
            )
        elif now >= self.restart_at:
            self.start()


class Supervisor:
    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.stopping = threading.Event()

    def run(self, on_started=lambda: None) -> int:
        """Start all children, call `on_started`, watch until a stop signal, stop all. Returns 0."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            for child in self.children:
                child.start()
            on_started()
            while not self.stopping.wait(0.5):
                for child in self.children:
                    child.restart_if_dead()
        finally:
            self.stop()
        return 0

    def stop(self) -> None:
        """SIGTERM to all, web first so that nothing new comes in; SIGKILL to what is not gone after
        STOP_SECONDS. A job that takes longer is cut off: the next worker takes it up once its lease is over,
        and it has used up an attempt."""
        alive = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        ends = time.monotonic() + STOP_SECONDS
        for process in alive:
            try:
                process.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
