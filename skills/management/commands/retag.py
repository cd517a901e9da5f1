"""Start tagging every counselor message again, or ask how far it is."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from skills import versions


class Command(BaseCommand):
    help = "Enqueue the batch job that re-tags all counselor messages with the version that serves."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--status", action="store_true", help="print the last job's state and progress")

    def handle(self, *, status: bool, **options) -> None:
        if status:
            self.stdout.write(self._status())
            return
        job, _ = versions.start()
        if job is None:
            self.stdout.write("nothing to do: every message is tagged by the version that serves")
            return
        self.stdout.write(
            f"job {job.pk} in the {job.lane} lane; `manage.py retag --status` says how far it is"
        )

    def _status(self) -> str:
        found = versions.progress()
        if found is None:
            return "none"
        said = f"{found.job.status} {found.job.progress:.1%}"
        if found.job.is_open and found.rate:
            said += f", {found.done:,} of {found.total:,} messages, {found.rate:.1f} a second"
            said += f", about {found.seconds_left / 60:.0f} minutes left"
        return said
