"""The sweeper's loop: leases that ran out, canaries, and sealing the audit chain."""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from peersupport.audit import chain
from peersupport.jobs import canary, queue

logger = logging.getLogger(__name__)


def sweep_once() -> None:
    canary.send()
    recovered = queue.sweep()
    if recovered:
        logger.warning("%s jobs recovered from workers that stopped", recovered)
    chain.seal()


def serve(stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            close_old_connections()
            sweep_once()
        except DatabaseError as error:
            logger.warning("sweeper: database not ready (%s)", type(error).__name__)
            connection.close()
        stopping.wait(min(1.0, settings.JOB_LEASE_SECONDS / 3))
    connection.close()
