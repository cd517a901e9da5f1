"""Whether work flows: the health check of workers and the sweeper, for containers and service managers."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from peersupport.jobs import canary, sweeper
from peersupport.jobs.models import Lane


class Command(BaseCommand):
    help = (
        "Exit with 0 when the lane is served (a canary job came through lately, or a job of it is alive) or, "
        "with --sweeper, when rows are being swept; with 1 and the reason otherwise. A process that is up "
        "but takes no work is not healthy, which neither its PID nor its port can tell."
    )
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--lane", choices=Lane.values)
        what.add_argument("--sweeper", action="store_true")

    def handle(self, *, lane: str | None, **options) -> None:
        try:
            fault = sweeper.fault() if lane is None else self._lane_fault(lane)
        except DatabaseError as error:
            raise CommandError(f"the database does not answer ({type(error).__name__})") from error
        if fault:
            raise CommandError(fault)
        self.stdout.write("ok")

    def _lane_fault(self, lane: str) -> str:
        if canary.flows(lane):
            return ""
        age = canary.age_seconds(lane)
        seen = "no canary job ever came through" if age is None else f"the last canary came {age:.0f} s ago"
        return f"lane {lane} is not served: {seen}"
