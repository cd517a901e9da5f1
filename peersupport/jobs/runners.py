"""How a runner is told that a row waits. Losing, doubling or reordering a wake is harmless."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import Protocol

from django.conf import settings

logger = logging.getLogger(__name__)
REST_SECONDS = 2.0


class Runner(Protocol):
    name: str

    def wake(self, lane: str, job_id: int, delay: float = 0.0) -> None: ...


class EmbeddedRunner:
    """Workers of `manage.py worker` poll the rows: there is nobody to tell."""

    name = "embedded"

    def wake(self, lane: str, job_id: int, delay: float = 0.0) -> None:
        return None


class CeleryRunner:
    """Sends the id to the lane's queue. A broker that is away costs time, never the job: idle workers
    look for rows themselves. After a failure it is left alone for a moment, so that posting a message
    does not wait for it each time."""

    name = "celery"

    def __init__(self) -> None:
        self._rests_until = 0.0

    def wake(self, lane: str, job_id: int, delay: float = 0.0) -> None:
        from kombu.exceptions import KombuError
        from redis.exceptions import RedisError

        from peersupport.jobs.tasks import drain

        if time.monotonic() < self._rests_until:
            return
        try:
            drain.apply_async(args=[lane, job_id], queue=lane, retry=False, countdown=delay or None)
        except (KombuError, RedisError, OSError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("broker not reached (%s): workers will find job %s", type(error).__name__, job_id)


@cache
def get_runner() -> Runner:
    return CeleryRunner() if settings.CELERY_BROKER_URL else EmbeddedRunner()
