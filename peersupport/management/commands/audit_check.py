"""Whether the audit log is as it was sealed."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from peersupport.audit import chain
from peersupport.audit.models import AuditEvent


class Command(BaseCommand):
    help = "Check the audit chain: says whole or broken, and ends with 1 when it is broken."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--known",
            action="append",
            default=[],
            metavar="POSITION:HASH",
            help="a head that a worker logged at sealing and that you kept elsewhere; may be given often",
        )

    def handle(self, *, known: list[str], **options) -> None:
        found = chain.first_broken(dict(_known(entry) for entry in known))
        if found:
            line = f", line {found.event_id}" if found.event_id else ""
            raise CommandError(f"broken at place {found.position}{line}: {found.what}", returncode=1)
        head = chain.head()
        waiting = AuditEvent.objects.filter(position=None).count()
        self.stdout.write(f"whole: {head.position} lines sealed, {waiting} waiting; head {head}")


def _known(entry: str) -> tuple[int, str]:
    position, _, digest = entry.partition(":")
    if not position.isdecimal() or not digest:
        raise CommandError(f"--known takes POSITION:HASH as in the log, not {entry!r}", returncode=2)
    return int(position), digest
