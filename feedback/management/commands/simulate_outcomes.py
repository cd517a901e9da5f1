"""Data with a known truth for the outcome study, and how often the study's intervals hold it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Write simulated assessments, chats, seekers and providers (truth: Yang et al. 2024), "
        "or with --coverage run many small studies and print how often 95 %% intervals hold the truth."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--output", required=True, type=Path, help="folder for the files, or for coverage.json"
        )
        parser.add_argument(
            "--seekers", type=int, nargs="+", default=[600], help="with --coverage several sizes, if you like"
        )
        parser.add_argument("--others", type=int, default=0, help="chats of people without assessments")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--clip", action="store_true", help="whole scores from 0 to 6")
        parser.add_argument(
            "--coverage", type=int, default=0, metavar="STUDIES", help="go on where a run broke off"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from feedback.evidence.study import simulate

        folder: Path = options["output"]
        if min(options["seekers"]) < 30:
            raise CommandError("--seekers: give 30 at least, fewer make no study.")
        if options["coverage"]:
            self._coverage(folder, options)
            return
        if len(options["seekers"]) > 1:
            raise CommandError("--seekers: several sizes are for --coverage; give one.")
        truth = simulate.Truth(clip=options["clip"])
        tables = simulate.simulate(options["seekers"][0], seed=options["seed"], truth=truth)
        simulate.write(tables, folder, simulate.others(options["others"], seed=options["seed"]))
        for name, table in tables.items():
            n = len(table) + (options["others"] if name == "chats" else 0)
            self.stdout.write(f"{folder / name}.csv: {n:,} rows")

    def _coverage(self, folder: Path, options: dict[str, Any]) -> None:
        from feedback.evidence.study import coverage

        kept = folder / "coverage.jsonl"
        with tempfile.TemporaryDirectory() as scratch:
            sizes = [
                coverage.many(
                    options["coverage"], seekers, Path(scratch), kept, self._tell, first=options["seed"]
                )
                for seekers in options["seekers"]
            ]
        (folder / "coverage.json").write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")
        given = " ".join(str(seekers) for seekers in options["seekers"])
        command = f"manage.py simulate_outcomes --coverage {options['coverage']} --seekers {given}"
        (folder / "coverage.md").write_text(coverage.page(sizes, command), encoding="utf-8")
        for found in sizes:
            self.stdout.write(coverage.table(found))

    def _tell(self, done: int) -> None:
        if done % 100 == 0:
            self.stderr.write(f"{done} studies")
