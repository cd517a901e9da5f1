"""The sweeper as its own process, for set-ups whose workers are Celery's."""

from __future__ import annotations

import signal
import threading

from django.core.management.base import BaseCommand

from peersupport.jobs import sweeper


class Command(BaseCommand):
    help = "Re-offer jobs of stopped workers, send canaries, seal the audit chain; until SIGTERM."

    def handle(self, **options) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        sweeper.serve(stopping)
