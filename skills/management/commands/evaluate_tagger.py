"""Print the development rows of the tagger: tasks with intervals, codes, mistakes, calibration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from skills.tagger.card import calibration


class Command(BaseCommand):
    help = "Measure the tagger on the development test splits of the corpora and on our own frozen examples."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--corpora", required=True, help="folder with the label corpora")
        parser.add_argument("--weights", help="weights folder (default: the shipped one)")
        parser.add_argument("--output", help="write the figures as JSON")
        parser.add_argument("--variants", type=Path, help="variants.json of ablate_tagger, for the card")
        parser.add_argument("--permissive", type=Path, help="weights folder of the permissive variant")
        parser.add_argument("--write", action="store_true", help="put the figures into the folder's card")

    def handle(self, *args: Any, **options: Any) -> None:
        from skills.corpora import second_labels
        from skills.corpora.library import read_all
        from skills.tagger.card import WEIGHTS, read_card
        from skills.tagger.examples import usable
        from skills.tagger.release import measure, write_card

        corpora = Path(options["corpora"])
        if not corpora.is_dir():
            raise CommandError(f"No folder {corpora}. Give the corpora with --corpora.", returncode=2)
        folder = Path(options["weights"] or WEIGHTS)
        card = dict(read_card(folder))
        examples = usable(read_all(corpora))
        rows = measure(folder, examples, card)
        rows["agreement"] = second_labels.agreement(examples)
        if options["variants"]:
            rows["variants"] = json.loads(options["variants"].read_text(encoding="utf-8"))
        if options["permissive"]:
            other = read_card(options["permissive"])
            kept = ("version", "development", "own_frozen", "codes", "strictest_licence", "training")
            rows["permissive"] = {name: other[name] for name in kept}
        self._print(card["version"], {**card, **rows})
        if options["write"]:
            write_card({**card, **rows}, folder)
        if options["output"]:
            text = json.dumps({"tagger": card["version"], "split": "development test", **rows}, indent=1)
            Path(options["output"]).write_text(text + "\n", encoding="utf-8")

    def _print(self, version: str, rows: dict[str, Any]) -> None:
        say = self.stdout.write
        say(f"{version}: development splits (whole transcripts kept out of training), not held-out corpora")
        self._tasks(rows["development"])
        for title, key in (("codes", "codes"), ("codes on our own frozen examples", "own_frozen")):
            say(f"{title}:")
            for code, row in rows[key].items():
                low, high = row["ci"]
                mark = "  low reliability" if row["low_reliability"] else ""
                say(
                    f"  {code:<26} n {row['n']:>4}  P {row['precision']:.3f}  R {row['recall']:.3f}  "
                    f"F1 {row['f1']:.3f} [{low:.3f}, {high:.3f}]  {row['source']}{mark}"
                )
        say("mistaken for each other:")
        for row in rows["confusions"]:
            say(
                f"  {row['there']:<26} n {row['n']:>4}  found {row['right']}, as {row['other']} "
                f"{row['mistaken']}, as neither {row['neither']}"
            )
        for row in rows["of_families"]:
            for way, words in (("alone", "by thresholds"), ("with", "and its own bar")):
                found = row[way]
                say(
                    f"any of {row['family']:<12} n {row['n']:>4}  P {found['precision']:.3f}  "
                    f"R {found['recall']:.3f}  F1 {found['f1']:.3f}  {words}"
                )
        ece = rows["ece"]
        say(f"expected calibration error {ece['pooled']:.3f} (mean of the codes {ece['mean_of_codes']:.3f})")
        if above := calibration(rows):
            say(f"  over the {above.n} pairs that were given {above.least:g} or more: {above.error:.3f}")
            say(
                f"  pooled error of a tagger that finds nothing: {above.nothing:.3f}, of the share present: 0"
            )
        for code, row in rows["ece_by_code"].items():
            if row["enough"]:
                say(f"  {code:<26} n {row['n']:>4} of {row['messages']}  {row['ece']:.3f}")
        say("reliability diagram: probability given, share present, n")
        for row in rows["reliability"]:
            say(f"  {row['given']:.2f}  {row['present']:.2f}  {row['n']}")
        found = rows["agreement"]
        say(
            f"two labellings of {found['messages']} own examples: kappa {found['kappa']:.3f}, "
            f"overlap {found['overlap']:.3f}"
        )
        for row in rows.get("variants", []):
            if row["left_out"]:
                say(f"{row['title']}, a short run measured on all of it:")
                self._tasks(row["left_out"])

    def _tasks(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            low, high = row["ci"]
            self.stdout.write(
                f"{row['task']:<46} macro F1 {row['macro_f1']:.3f} [{low:.3f}, {high:.3f}]  "
                f"accuracy {row['accuracy']:.3f}  n {row['n']} in {row['transcripts']} transcripts"
            )
