"""Start tagging every counselor message again, or ask how far it is."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.db import transaction

from peersupport.jobs import queue
from peersupport.jobs.models import Job
from skills.wiring import RETAG


class Command(BaseCommand):
    help = "Enqueue the batch job that re-tags all counselor messages with the version that serves."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--status", action="store_true", help="print the last job's state and progress")

    def handle(self, *, status: bool, **options) -> None:
        if status:
            job = Job.objects.filter(kind=RETAG).order_by("-id").first()
            self.stdout.write("none" if job is None else f"{job.status} {job.progress:.1%}")
            return
        with transaction.atomic():
            job = queue.enqueue_once(RETAG)
        self.stdout.write(
            f"job {job.pk} in the {job.lane} lane; `manage.py retag --status` says how far it is"
        )
