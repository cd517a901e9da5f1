"""Train coach-mini on its own corpus; resumable, progress as JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

_SIZES = ("steps", "rows", "vocabulary", "width", "layers", "heads", "inner", "warmup")


class Command(BaseCommand):
    help = (
        "Train coach-mini, the small language model that words alternative replies. A leg ends after "
        "--leg-minutes; run the same command again to go on. Every leg leaves weights that can be used."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--output", required=True, help="model folder; also holds the checkpoint")
        parser.add_argument("--leg-minutes", type=float, default=75.0, help="training time of this call")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
        parser.add_argument("--threads", type=int, default=1)
        for name in _SIZES:
            parser.add_argument(f"--{name}", type=int, help=f"the recipe's {name}")
        parser.add_argument("--rate", type=float, help="the recipe's peak learning rate")
        parser.add_argument(
            "--workers", type=int, help="processes that write examples; default: none on a CPU, 8 with a GPU"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            import torch

            from feedback.coach.mini.training import OtherRecipeError, Recipe, Training, write_model
        except ImportError as error:
            message = f"Training needs {error.name}. Install it with: pip install -e '.[train]'"
            raise CommandError(message, returncode=2) from error
        torch.set_num_threads(options["threads"])
        given = {name: options[name] for name in (*_SIZES, "rate") if options[name] is not None}
        recipe = Recipe(seed=options["seed"], **given)
        folder, device = Path(options["output"]), options["device"]
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        workers = options["workers"]
        if workers is None:
            workers = 8 if device == "cuda" else 0
        try:
            training = Training(folder, recipe, self._report, device=device, workers=workers)
        except OtherRecipeError as error:
            raise CommandError(str(error), returncode=2) from error
        weights = sum(parameter.numel() for parameter in training.model.parameters())
        self._report({"weights": weights, "device": device, "from_step": training.step, **asdict(recipe)})
        finished = training.run(options["leg_minutes"])
        write_model(training)
        self._report({"stage": "done" if finished else "leg ended", "step": training.step})
        if not finished:
            self._report({"next": "run the same command again to go on"})

    def _report(self, line: dict) -> None:
        self.stdout.write(json.dumps(line))
        self.stdout.flush()
