"""Fine-tune a larger encoder as the tagger's teacher and keep what it says of every training text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Fine-tune a transformers encoder (a local folder) on the corpora; writes soft.npz for "
        "`train_tagger --soft`. Run it again to continue a broken run."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--corpora", required=True, help="folder with the label corpora")
        parser.add_argument("--encoder", required=True, help="folder of a transformers encoder")
        parser.add_argument("--output", required=True, help="folder for the checkpoint and soft.npz")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--epochs", type=int, default=2)
        parser.add_argument("--max-minutes", type=float, default=62.0, help="time for the training steps")
        parser.add_argument("--rate", type=float, default=5e-5, help="peak learning rate")
        parser.add_argument(
            "--frozen-layers", type=int, default=5, help="layers left as they are; 0 on a GPU"
        )
        parser.add_argument("--tokens", type=int, default=1200, help="tokens in a batch; a GPU wants more")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from skills.corpora.library import read_all, unlabelled
            from skills.tagger import origin, soft
            from skills.tagger.examples import usable
            from skills.tagger.teacher import Teacher, TeacherRecipe
        except ImportError as error:
            message = f"Training needs {error.name}. Install it with: pip install -e '.[train]'"
            raise CommandError(message, returncode=2) from error
        corpora, encoder, output = (Path(options[name]) for name in ("corpora", "encoder", "output"))
        for folder in (corpora, encoder):
            if not folder.is_dir():
                raise CommandError(f"No folder {folder}.", returncode=2)
        recipe = TeacherRecipe(
            seed=options["seed"],
            epochs=options["epochs"],
            max_minutes=options["max_minutes"],
            rate=options["rate"],
            frozen_layers=options["frozen_layers"],
            tokens_per_batch=options["tokens"],
        )
        examples = usable(read_all(corpora))
        teacher = Teacher(encoder, output, recipe, self._report)
        try:
            teacher.train(examples)
        except origin.OtherRecipeError as error:
            raise CommandError(str(error), returncode=2) from None
        for row in teacher.rows([example for example in examples if example.split == "test"]):
            self._report(row)
        learnt = [e for e in examples if e.split == "train"] + usable(unlabelled(corpora, examples))
        minutes = round(teacher.seconds / 60, 1)
        note = {"encoder": encoder.name, "seed": recipe.seed, "minutes": minutes, **teacher.ended}
        soft.save(output / "soft.npz", learnt, teacher.logits(learnt), note)
        teacher.forget()
        self._report({"stage": "done", "texts": len(learnt), **note})

    def _report(self, line: dict) -> None:
        self.stdout.write(json.dumps(line))
        self.stdout.flush()
