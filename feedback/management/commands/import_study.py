"""Take a finished outcome study in, as evidence that admins may publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from feedback.evidence.study.as_evidence import provenance_of, study_from
from feedback.models import EvidenceStudy
from feedback.studies.rows import save_study
from feedback.study_imports.runs import VERSION
from peersupport.audit.log import record
from peersupport.people.models import Role, User


class Command(BaseCommand):
    help = (
        "Keep the result of run_study under a version. It serves nobody yet: an admin proposes it on the "
        "page Studies, and another one publishes it."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--result", required=True, type=Path, help="result.json, or the folder that holds it"
        )
        parser.add_argument("--study-version", required=True, help="e.g. 2026.1")
        parser.add_argument("--by", help="login name of the admin who brings it in, for the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        if not VERSION.fullmatch(options["study_version"]):
            raise CommandError(
                "Name the version with letters, digits, dots and dashes, 32 at most: 2026.1, for example."
            )
        admin = _admin(options["by"]) if options["by"] else None
        path: Path = options["result"]
        path = path / "result.json" if path.is_dir() else path
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            study = study_from(result, version=options["study_version"])
            provenance = provenance_of(result) | {"way": "command"}
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}. Name what run_study wrote.") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f"{path} is no result of run_study ({type(error).__name__}).") from None
        if not study.effects:
            raise CommandError("The study has no technique effects: there is nothing that a card could show.")
        try:
            with transaction.atomic():
                known = EvidenceStudy.objects.filter(slug=study.slug, version=study.version).exists()
                row = save_study(study, provenance)
                if not known:
                    record(admin, "study_import", row)
        except ValueError as error:
            raise CommandError(f"{error}.") from None
        if known:
            self.stdout.write(f"study {row} was there already, with the same content")
            return
        self.stdout.write(f"study {row} kept, {len(study.effects)} effects; propose it on the page Studies")
        if "data_sha256" not in provenance:
            self.stderr.write("The result does not say which data it is of: the page Studies says so.")
        if admin is None:
            self.stderr.write("Nobody is named in the audit log: next time give --by LOGIN.")


def _admin(name: str) -> User:
    found = User.objects.filter(username=name, role=Role.ADMIN, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no admin {name}. Give the login name of one whose account is open.")
    return found
