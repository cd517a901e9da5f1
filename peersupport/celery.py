"""The Celery application: one queue per lane. Messages carry job ids; the Job row is the truth.

Acknowledged early and never retried by Celery: a lost or doubled message is harmless because
the row's lease recovers the work (see peersupport/jobs/queue.py).
"""

from __future__ import annotations

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peersupport.settings")

app = Celery("peersupport")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_acks_late=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 15,
        # Of a web process that announces a job: it must not wait for a broker that is away.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.05,
    },
    redis_backend_health_check_interval=15,
)
app.autodiscover_tasks(["peersupport.jobs"])
# Its signal receivers; imported once Django is set up, like the tasks.
app.autodiscover_tasks(["peersupport.jobs"], related_name="celery_worker")


@signals.setup_logging.connect
def keep_our_logging(**kwargs) -> None:
    """A receiver is enough: Celery then leaves the handlers, formats and levels of our settings alone."""
