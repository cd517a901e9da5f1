"""Take a finished outcome study in, as evidence that admins may publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.evidence.study.as_evidence import study_from
from feedback.studies import save_study


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

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["result"]
        path = path / "result.json" if path.is_dir() else path
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            study = study_from(result, version=options["study_version"])
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}. Name what run_study wrote.") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f"{path} is no result of run_study ({type(error).__name__}).") from None
        if not study.effects:
            raise CommandError("The study has no technique effects: there is nothing that a card could show.")
        try:
            row = save_study(study)
        except ValueError as error:
            raise CommandError(f"{error}.") from None
        self.stdout.write(f"study {row} kept, {len(study.effects)} effects; propose it on the page Studies")
