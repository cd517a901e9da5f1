"""The sweeper's loop: leases that ran out, canaries, and sealing the audit chain."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections, connection

from peersupport.audit import chain
from peersupport.jobs import canary, mishaps, queue
from peersupport.jobs.models import Job

logger = logging.getLogger(__name__)


HOUSEKEEPING_SECONDS = 600
_chores: list[Callable[[], object]] = []


def register_chore(chore: Callable[[], object]) -> None:
    """Add what another room wants done every HOUSEKEEPING_SECONDS."""
    if chore not in _chores:
        _chores.append(chore)


def sweep_once() -> None:
    _each(canary.send, _recover, chain.seal)


def keep_house() -> None:
    """What has time: rows that nobody asks about any more, and the chores of other rooms."""
    _each(canary.forget, _purge, *_chores)


def _each(*parts: Callable[[], object]) -> None:
    """One that breaks does not keep the others from their turn."""
    for part in parts:
        with mishaps.contained(f"{part.__module__}.{part.__qualname__}"):
            part()


def _recover() -> None:
    if recovered := queue.sweep():
        logger.warning("%s jobs recovered from workers that stopped", recovered)


def _purge() -> None:
    while queue.purge(settings.JOB_KEEP_DAYS):
        pass


def fault() -> str:
    """What a sweeper would have done by now and nobody did; empty when one runs."""
    if lanes := canary.unsent():
        return f"no canary was sent to {', '.join(lanes)}: the sweeper does not run"
    late = queue.in_seconds(-settings.JOB_LEASE_SECONDS)
    if Job.objects.filter(status=Job.Status.RUNNING, lease_until__lt=late).exists():
        return "jobs of stopped workers were not offered again: the sweeper does not run"
    return ""


def serve(stopping: threading.Event) -> None:
    housekeeping = 0.0
    while not stopping.is_set():
        try:
            close_old_connections()
            sweep_once()
            if time.monotonic() >= housekeeping:
                keep_house()
                housekeeping = time.monotonic() + HOUSEKEEPING_SECONDS
        except Exception as error:
            mishaps.tell("sweeper", error)
            connection.close()
        stopping.wait(min(1.0, settings.JOB_LEASE_SECONDS / 3))
    connection.close()
