"""Short training runs that differ in one piece, and runs without one corpus; resumable, run by run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Measure what each piece of the training recipe buys, and how the tagger does on a corpus that it "
        "never saw. Runs that are there already are not made again; writes variants.json."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--corpora", required=True, type=Path, help="folder with the label corpora")
        parser.add_argument("--output", required=True, type=Path, help="folder for the runs")
        parser.add_argument("--encoder", required=True, type=Path, help="pretrained.pt of train_tagger")
        parser.add_argument("--soft", type=Path, help="soft.npz of train_teacher")
        parser.add_argument("--share", type=float, default=0.4, help="of an epoch, the same for all runs")
        parser.add_argument("--only", action="append", help="title of a variant; may be given again")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from skills.corpora.library import read_all, unlabelled
            from skills.tagger import ablation, origin
            from skills.tagger.examples import usable
            from skills.tagger.training import Sources
        except ImportError as error:
            message = f"Training needs {error.name}. Install it with: pip install -e '.[train]'"
            raise CommandError(message, returncode=2) from error
        for name in ("corpora", "encoder", "soft"):
            if options[name] and not options[name].exists():
                raise CommandError(f"No {options[name]}. Look at --{name}.", returncode=2)
        examples = usable(read_all(options["corpora"]))
        more = usable(unlabelled(options["corpora"], examples))
        soft = (options["soft"],) if options["soft"] else ()
        sources = Sources(encoders=(options["encoder"],), soft=soft)
        rows = []
        for number, variant in enumerate(ablation.VARIANTS):
            folder = options["output"] / f"{number:02}"
            wanted = not options["only"] or variant.title in options["only"]
            if variant.teacher and not options["soft"]:
                wanted = False
            if wanted or (folder / "row.json").is_file():
                texts = examples + more if variant.teacher else examples
                try:
                    row = ablation.run(variant, texts, folder, sources, self._report, options["share"])
                except origin.OtherRecipeError as error:
                    raise CommandError(str(error), returncode=2) from None
                rows.append(row)
                self._report({"variant": variant.title, "rows": rows[-1]})
        text = json.dumps(rows, indent=1) + "\n"
        (options["output"] / "variants.json").write_text(text, encoding="utf-8")

    def _report(self, line: dict) -> None:
        self.stdout.write(json.dumps(line))
        self.stdout.flush()
