"""`manage.py fluency`: how well the guard tells good English from broken, on its own held-out sentences."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

PAGE = Path(settings.BASE_DIR) / "docs" / "coach_guard.md"


class Command(BaseCommand):
    help = "Prints recall and false alarms of the guard's check of English; --train makes its model anew."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--train", action="store_true", help="learn from the repository's own texts first"
        )
        parser.add_argument("--write", action="store_true", help="write docs/coach_guard.md")

    def handle(self, *, train: bool, write: bool, **options) -> None:
        from feedback.coach.fluency import MODEL, measuring, sets
        from feedback.coach.fluency.judge import Judge
        from feedback.coach.fluency.page import page

        if train:
            measuring.trained(sets.tuned()).save(MODEL)
        judge, half = Judge.load(MODEL), sets.held_out()
        found = page(
            measuring.measured(judge, half.good, "all good"),
            measuring.measured(judge, half.broken, "all broken"),
        )
        self.stdout.write(found)
        if write:
            PAGE.write_text(found, encoding="utf-8")
