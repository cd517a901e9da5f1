"""An embedded job worker: one thread per lane, polling the job rows."""

from __future__ import annotations

import os
import signal
import threading

from django.core.management.base import BaseCommand, CommandError

from peersupport.jobs import running, sweeper
from peersupport.jobs.models import Lane


class Command(BaseCommand):
    help = "Run jobs of the named lanes until SIGTERM or Ctrl-C; claimed work is finished first."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--lanes", default="live,coach", help="comma-separated: live, coach, batch")
        parser.add_argument("--sweeper", action="store_true", help="also run the sweeper in this process")

    def handle(self, *, lanes: str, sweeper: bool, **options) -> None:
        names = [name.strip() for name in lanes.split(",") if name.strip()]
        unknown = sorted(set(names) - set(Lane.values))
        if unknown or not names:
            raise CommandError(
                f"--lanes takes {', '.join(Lane.values)}; not {', '.join(unknown) or 'nothing'}"
            )
        if names == [Lane.BATCH]:
            os.nice(10)  # live work on the same machine goes first
        serve(names, with_sweeper=sweeper)


def serve(lanes: list[str], *, with_sweeper: bool) -> None:
    """Serve the lanes in this process until a stop signal."""
    running.limit_memory()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threads = [
        threading.Thread(
            target=running.serve_lane,
            args=(lane,),
            name=lane,
            kwargs={"worker": running.worker_name(lane), "stopping": stopping},
        )
        for lane in lanes
    ]
    if with_sweeper:
        threads.append(threading.Thread(target=sweeper.serve, args=(stopping,), name="sweeper"))
    for thread in threads:
        thread.start()
    # A lane whose thread died must not look served: the process ends and is started anew.
    while not stopping.wait(0.5):
        if not all(thread.is_alive() for thread in threads):
            stopping.set()
            for thread in threads:
                thread.join()
            raise CommandError("a lane stopped unexpectedly; see the log above")
    for thread in threads:
        thread.join()
