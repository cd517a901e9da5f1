"""What a Celery worker process does beside reading its queue.

It stops gracefully: told to end, it finishes the rows it has claimed and claims no more. And it
looks for rows by itself every second when no message came: a broker that was restarted, wiped
or is away, and a worker that stays up but no longer hears it (a known fault of Celery on Redis),
then cost seconds, never work.
"""

from __future__ import annotations

import logging
import threading

from celery import signals
from django.db import close_old_connections, connection

from peersupport.jobs import mishaps, queue, running

logger = logging.getLogger(__name__)
# Rows that waited for so long while this process was idle were not announced to it.
UNHEARD_SECONDS = 1.0

stopping = threading.Event()
# One drain at a time: a solo worker owns one device and one set of models.
_draining = threading.Lock()


def drain(lane: str) -> int:
    """Claim and run until the lane is empty or the worker is told to stop; returns how many rows.

    What breaks is told here: Celery would print the exception's own words.
    """
    with _draining:
        try:
            return running.drain_lane(lane, worker=_name(lane), stopping=stopping)
        except Exception as error:
            mishaps.tell(f"lane {lane}", error)
            connection.close()
            return 0


def _name(lane: str) -> str:
    return running.worker_name(lane, before="celery@")


def look_for_unheard(lanes: list[str]) -> None:
    """Drain rows that wait although no message came, until the worker is told to stop."""
    with _draining:
        for lane in lanes:
            running.warm_up(lane, _name(lane))
    while not stopping.wait(UNHEARD_SECONDS):
        if _draining.locked():
            continue
        try:
            close_old_connections()
            for lane in lanes:
                if queue.waits(lane, seconds=UNHEARD_SECONDS) and (ran := drain(lane)):
                    logger.warning("lane %s: %s jobs were run without a message of the broker", lane, ran)
        except Exception as error:
            mishaps.tell("looking for jobs", error)
            connection.close()
    connection.close()


@signals.worker_init.connect
def _limit(**kwargs) -> None:
    running.limit_memory()


@signals.worker_ready.connect
def _start(sender, **kwargs) -> None:
    lanes = list(sender.app.amqp.queues.consume_from)
    # Not a daemon: the process ends when what this thread has claimed is done.
    threading.Thread(target=look_for_unheard, args=(lanes,), name="unheard").start()


@signals.worker_shutting_down.connect
def _stop(**kwargs) -> None:
    stopping.set()
