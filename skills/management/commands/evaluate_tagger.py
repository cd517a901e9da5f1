"""Print the development rows of the tagger: tasks with intervals, codes, calibration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Measure the tagger on the development test splits of the corpora and on our own frozen examples."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--corpora", required=True, help="folder with the label corpora")
        parser.add_argument("--weights", help="weights folder (default: the shipped one)")
        parser.add_argument("--output", help="write the figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        from skills.corpora.library import read_all
        from skills.tagger.card import WEIGHTS, read_card
        from skills.tagger.examples import usable
        from skills.tagger.release import measure

        corpora = Path(options["corpora"])
        if not corpora.is_dir():
            raise CommandError(f"No folder {corpora}. Give the corpora with --corpora.", returncode=2)
        folder = Path(options["weights"] or WEIGHTS)
        card = read_card(folder)
        rows = measure(folder, usable(read_all(corpora)), card)
        self._print(card["version"], rows)
        if options["output"]:
            text = json.dumps({"tagger": card["version"], "split": "development test", **rows}, indent=1)
            Path(options["output"]).write_text(text + "\n", encoding="utf-8")

    def _print(self, version: str, rows: dict[str, Any]) -> None:
        say = self.stdout.write
        say(f"{version}: development splits (whole transcripts kept out of training), not held-out corpora")
        for row in rows["development"]:
            low, high = row["ci"]
            say(
                f"{row['task']:<46} macro F1 {row['macro_f1']:.3f} [{low:.3f}, {high:.3f}]  "
                f"accuracy {row['accuracy']:.3f}  n {row['n']} in {row['transcripts']} transcripts"
            )
        for title, key in (("codes", "codes"), ("codes on our own frozen examples", "own_frozen")):
            say(f"{title}:")
            for code, row in rows[key].items():
                low, high = row["ci"]
                mark = "  low reliability" if row["low_reliability"] else ""
                say(
                    f"  {code:<26} n {row['n']:>4}  P {row['precision']:.3f}  R {row['recall']:.3f}  "
                    f"F1 {row['f1']:.3f} [{low:.3f}, {high:.3f}]  {row['source']}{mark}"
                )
        ece = rows["ece"]
        say(f"expected calibration error {ece['pooled']:.3f} (mean of the codes {ece['mean_of_codes']:.3f})")
