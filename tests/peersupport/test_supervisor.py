"""The supervisor starts what died and stops everything on one signal."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import sys
from peersupport.supervisor import Child, Supervisor
sleeper = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
dier = [sys.executable, "-c", "print('died', flush=True)"]
sys.exit(Supervisor([Child("a", sleeper, {}), Child("b", dier, {})]).run(lambda: print("on", flush=True)))
"""


def test_restart_and_stop():
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    lines = []
    ends = time.monotonic() + 30
    while lines.count("died") < 2 and time.monotonic() < ends:
        lines.append(process.stdout.readline().strip())
    assert lines.count("died") == 2
    assert lines.count("up") == 1
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5
    leftovers = subprocess.run(["pgrep", "-f", "print('up'"], capture_output=True, text=True, check=False)
    assert leftovers.stdout == ""
