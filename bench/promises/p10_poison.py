"""Jobs that kill their worker, never end, eat all memory or break even when they are given up, and a full
disk, beside jobs that work.

Workers that die are started again at once, as a supervisor does.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure
from bench.promises.talking import Talkers, wait_for_turns

NUMBER = 10
TITLE = "poison input cannot block a queue"
RUNNERS = BOTH
SMALL, FULL = 1, 5
MEMORY_MB = "900"
LANES = ("live", "batch")
ENQUEUE = """
from django.db import transaction
from peersupport.jobs import queue
with transaction.atomic():
    for _ in range({count}):
        for kind in ("crash", "effect_live", "hang", "effect_live", "memory", "effect_live", "broken",
                     "effect_live", "disk_batch", "effect_batch"):
            queue.enqueue(kind, 5)
"""


class Keeper:
    """Starts a worker again when it ended."""

    def __init__(self, place: Place, lane: str, **env: str) -> None:
        self.starts = 0
        self._start = lambda: place.start_worker(lane, number=self.starts, **env)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        process: subprocess.Popen | None = None
        while not self._enough.wait(0.05):
            if process is None or process.poll() is not None:
                self.starts += 1
                process = self._start()

    def stop(self) -> None:
        self._enough.set()
        self._thread.join()


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """A file system of 8 MB. Mounting one takes root; without, a folder nobody may write to stands for it."""
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield folder
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    port = place.start_web()
    place.start_sweeper()
    place.ask(ENQUEUE.format(count=count))
    with full_disk(place.folder / "full") as disk:
        env = {"WORKER_MEMORY_MB": MEMORY_MB, "FAULT_FOLDER": str(disk)}
        keepers = [Keeper(place, lane, **env) for lane in (*LANES, "live")]
        talkers = Talkers(place, port, 2, pause=0.5).start()
        began = time.monotonic()
        done = wait_for(place, "kind LIKE 'effect_%' AND status != 'done'", 120)
        good = time.monotonic() - began
        settled = wait_for(place, "status IN ('queued', 'running') AND kind NOT LIKE 'canary%'"
                           " AND kind != 'turn'", 120 + 60 * count)  # fmt: skip
        left_on_disk = len(list(disk.iterdir()))
        talkers.stop()
        pending = wait_for_turns(place, 60)
        for keeper in keepers:
            keeper.stop()
    rows = place.rows("SELECT kind, status, attempts FROM peersupport_job")
    poison = [row for row in rows if row[0] in ("crash", "hang", "memory", "broken", "disk_batch")]
    [(failed,)] = place.rows("SELECT count(*) FROM peersupport_message WHERE turn = 'failed'")
    return [
        Figure("poison jobs", len(poison), "", 5 * count, at_least=True),
        Figure("of them set aside", sum(status == "quarantined" for _, status, _ in poison), "",
               5 * count, at_least=True),
        Figure("most attempts", max(attempts for *_, attempts in rows), "", 3),
        Figure("good jobs not done", done, "", 0),
        Figure("rows that never settled", settled, "", 0),
        Figure("turns of volunteers given up", failed, "", 0),
        Figure("turns that still wait", pending, "", 0),
        Figure("half-written files on the full disk", left_on_disk, "", 0),
        Figure("worker starts", sum(keeper.starts for keeper in keepers)),
        Figure("until the good jobs were done", good, "s"),
    ]  # fmt: skip


def wait_for(place: Place, condition: str, seconds: float) -> int:
    """Wait until no job fits the condition; returns how many still do."""
    ends = time.monotonic() + seconds
    while True:
        [(left,)] = place.rows(f"SELECT count(*) FROM peersupport_job WHERE {condition}")
        if not left or time.monotonic() > ends:
            return left
        time.sleep(0.2)
