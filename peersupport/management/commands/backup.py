"""Write the backup archive of this installation."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from peersupport import backup


class Command(BaseCommand):
    help = "Write the database and the organisation's own models into one archive; the application may run."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--output", required=True, type=Path, help="the archive to write (.tar.gz)")

    def handle(self, *, output: Path, **options) -> None:
        try:
            manifest = backup.create(output)
        except (backup.BackupError, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        size = output.stat().st_size / 1024 / 1024
        self.stdout.write(f"{output}: {manifest['database']} database, {size:.1f} MiB")
        self.stdout.write("The secret key is not in it: keep that apart, and both safe.")
