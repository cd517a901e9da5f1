"""Train the tagger on public corpora and our own examples; resumable, progress as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Train the tagger and write a weights folder with its card. Run it again to continue a broken run."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--corpora", required=True, help="folder with the label corpora")
        parser.add_argument("--output", required=True, help="weights folder; also holds the checkpoint")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--epochs", type=int, default=5)
        parser.add_argument("--max-minutes", type=float, default=70.0, help="time for the training steps")
        parser.add_argument("--start", type=Path, help="checkpoint.pt of an earlier run to go on from")
        parser.add_argument("--pace", type=float, default=1.0, help="multiplies the learning rates")
        parser.add_argument(
            "--keep-checkpoint", action="store_true", help="so that a later leg can start there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from skills.corpora.library import read_all
            from skills.tagger.examples import usable
            from skills.tagger.release import Release, publish, training_note
            from skills.tagger.training import CHECKPOINT, Recipe, Training
        except ImportError as error:
            message = f"Training needs {error.name}. Install it with: pip install -e '.[train]'"
            raise CommandError(message, returncode=2) from error
        corpora, output = Path(options["corpora"]), Path(options["output"])
        if not corpora.is_dir():
            raise CommandError(f"No folder {corpora}. Give the corpora with --corpora.", returncode=2)
        start = options["start"]
        if start and not start.is_file():
            raise CommandError(f"No file {start}. Give a checkpoint with --start.", returncode=2)
        usual = Recipe()
        recipe = Recipe(
            seed=options["seed"],
            epochs=options["epochs"],
            max_minutes=options["max_minutes"],
            rate=usual.rate * options["pace"],
            head_rate=usual.head_rate * options["pace"],
        )
        examples = usable(read_all(corpora))
        training = Training(examples, output, recipe, self._report, start)
        self._report({"training": len(training.examples), "examples": len(examples)})
        network = training.run()
        weights = {name: value.float().numpy() for name, value in network.state_dict().items()}
        earlier = training.earlier
        minutes = sum(earlier) + training.seconds / 60
        note = training_note(recipe, minutes=minutes, legs=[*earlier, *training.legs])
        card = publish(Release(weights, output, note), examples, self._report)
        if not options["keep_checkpoint"]:
            (output / CHECKPOINT).unlink(missing_ok=True)
        self._report({"stage": "done", "version": card["version"]})

    def _report(self, line: dict) -> None:
        self.stdout.write(json.dumps(line))
        self.stdout.flush()
