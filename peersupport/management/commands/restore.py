"""Put a backup archive in place of what is here."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from peersupport import backup
from peersupport.people import erasure


class Command(BaseCommand):
    help = (
        "Restore a backup archive. Stop the application first; run `manage.py migrate` and "
        "`manage.py erase_person --again` afterwards."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--input", required=True, type=Path, help="the archive to restore")
        parser.add_argument("--replace", action="store_true", help="even where the database holds people")
        parser.add_argument("--other-key", action="store_true", help="even under another SECRET_KEY")

    def handle(self, *, input: Path, replace: bool, other_key: bool, **options) -> None:
        try:
            manifest = backup.restore(input, replace=replace, other_key=other_key)
        except backup.HalfRestored as error:
            raise CommandError(str(error), returncode=2) from error
        except (backup.BackupError, OSError) as error:
            raise CommandError(f"{str(error).rstrip('.')}. Nothing was changed.", returncode=2) from error
        self.stdout.write(f"restored the backup of {manifest['made']} (version {manifest['peersupport']})")
        self.stdout.write(
            "Before people are let in: `manage.py migrate`, then `manage.py erase_person --again`, since "
            f"what was erased after the backup is back. {self._list()}"
        )

    def _list(self) -> str:
        path = settings.DATA_DIR / erasure.LIST
        if path.exists():
            return f"{path} has {len(erasure.listed())} lines."
        return f"There is no {path} here: if anybody was erased elsewhere, copy the newest one there first."
