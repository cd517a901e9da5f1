"""How a runner is told that a row waits. Losing, doubling or reordering a wake is harmless."""

from __future__ import annotations

import logging
from functools import cache
from typing import Protocol

from django.conf import settings

logger = logging.getLogger(__name__)


class Runner(Protocol):
    name: str

    def wake(self, lane: str, job_id: int) -> None: ...


class EmbeddedRunner:
    """Workers of `manage.py worker` poll the rows: there is nobody to tell."""

    name = "embedded"

    def wake(self, lane: str, job_id: int) -> None:
        return None


class CeleryRunner:
    """Sends the id to the lane's queue. A broker that is down costs time, never the job: the
    sweeper wakes waiting rows again."""

    name = "celery"

    def wake(self, lane: str, job_id: int) -> None:
        from kombu.exceptions import KombuError
        from redis.exceptions import RedisError

        from peersupport.jobs.tasks import drain

        try:
            drain.apply_async(args=[lane, job_id], queue=lane, retry=False)
        except (KombuError, RedisError, OSError) as error:
            logger.warning(
                "broker not reached (%s): the sweeper will wake job %s", type(error).__name__, job_id
            )


@cache
def get_runner() -> Runner:
    return CeleryRunner() if settings.CELERY_BROKER_URL else EmbeddedRunner()
