"""The real application stops at once although browsers follow a chat, and keeps what they did."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from bench.app import App, Volunteer


def crowded() -> float:
    """How many processes wait for each core, at least 1: the limits are those of a machine that is free."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.mark.slow
def test_open_streams_end_with_the_server(tmp_path):
    app = App(tmp_path)
    app.start()
    volunteer = Volunteer(app, "vera")
    path = volunteer.start_chat()
    stream = volunteer.follow(path)
    ended = threading.Event()

    def follow() -> None:
        for _ in stream.events():
            pass
        ended.set()

    threading.Thread(target=follow, daemon=True).start()
    volunteer.say(path, "What happened today?")
    time.sleep(1)
    assert not ended.is_set()
    assert app.stop() < 5 * crowded()  # what uvicorn grants connections that do not end
    assert ended.wait(1)
    assert app.process.returncode == 0
    app.start()
    assert "What happened today?" in Volunteer(app, "vera").get(path)
    app.stop()


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


@pytest.mark.slow
def test_several_web_processes_share_a_port_and_one_that_dies_is_replaced(tmp_path):
    app = App(tmp_path, WEB_PROCESSES="2")
    app.start()
    [web] = [pid for pid in children_of(app.process.pid) if "peersupport.serve" in _command(pid)]
    first, second = children_of(web)
    _wait_until_both_listen(app.port)
    os.kill(first, signal.SIGKILL)
    _wait_until_dead(first)  # what still waits in a dying process's queue is cut off; a browser asks again
    volunteer = Volunteer(app, "vera")
    path = volunteer.start_chat()
    volunteer.say(path, "Who answers now?")
    ends = time.monotonic() + 30
    while len(again := set(children_of(web)) - {first}) < 2 and time.monotonic() < ends:
        time.sleep(0.1)  # the dead one stays listed until its supervisor looks
    assert len(again) == 2
    assert second in again
    assert app.stop() < 8 * crowded()
    assert app.process.returncode == 0
    assert not any("peersupport.serve" in _command(pid) for pid in again)


def _wait_until_both_listen(port: int) -> None:
    """The site is ready when one of them answers; the other may still be starting."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        if sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows) == 2:
            return
        time.sleep(0.05)
    raise AssertionError("the second process does not listen")


def _wait_until_dead(pid: int) -> None:
    """Until the process is gone or a zombie: its sockets are closed by then."""
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    raise AssertionError(f"process {pid} does not die")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
