"""Put a backup archive in place of what is here."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from peersupport import backup
from peersupport.people import erasure_list


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
        self._settle()
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

    def _settle(self) -> None:
        """The database that goes may be the only one that knows how the last erasures ended."""
        try:
            with transaction.atomic():
                erasure_list.settle()
        except (DatabaseError, OSError) as error:  # a new one has no tables yet
            self.stderr.write(f"the list of erasures was left as it is ({type(error).__name__})")

    def _list(self) -> str:
        path = erasure_list.path()
        if path.exists():
            return f"{len(erasure_list.listed())} stand on the list {path}."
        return f"There is no {path} here: if anybody was erased elsewhere, copy the newest one there first."
