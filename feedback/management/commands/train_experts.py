"""Fine-tune a model to be helpful, honest or harmless, and on mixtures of the three; resumable."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Train experts (helpful, honest, harmless, harmless-dpo) and the mixtures equal, heuristic and "
        "reward from one base, each into a folder of --output. Ended after --leg-minutes or killed, the same "
        "command goes on; what is finished is not made again."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--base", required=True, type=Path, help="folder of a causal language model")
        parser.add_argument("--output", required=True, type=Path, help="folder for the trained models")
        parser.add_argument("--steps", type=int, default=600, help="of an expert")
        parser.add_argument("--rows", type=int, default=16, help="items in a step")
        parser.add_argument("--rate", type=float, default=3e-4, help="peak of the learning rate")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--arms", nargs="+", help="only these (default: all)")
        parser.add_argument("--leg-minutes", type=float, default=60.0, help="training time of this call")
        parser.add_argument("--device", default="auto")
        parser.add_argument("--threads", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        import torch

        from feedback.coach.experts.arms import arms
        from feedback.coach.experts.asking import Asker
        from feedback.coach.experts.errors import ExpertsError
        from feedback.coach.experts.items import AIMS
        from feedback.coach.experts.learning import Tuning, finished
        from feedback.coach.experts.loading import load, load_tokenizer

        torch.set_num_threads(options["threads"])
        every = arms(options["steps"], rows=options["rows"], rate=options["rate"], seed=options["seed"])
        wanted = options["arms"] or [arm.name for arm in every]
        unknown = set(wanted) - {arm.name for arm in every}
        if unknown:
            known = ", ".join(arm.name for arm in every)
            raise CommandError(f"unknown arms {', '.join(sorted(unknown))}: {known}", returncode=2)
        output, ends = options["output"], time.monotonic() + 60 * options["leg_minutes"]
        experts = [output / aim for aim in AIMS]
        try:
            asker = Asker(load_tokenizer(options["base"]))
            for arm in [arm for arm in every if arm.name in wanted]:
                folder = output / arm.name
                if finished(arm, folder, options["base"]):
                    self._report({"arm": arm.name, "stage": "there already"})
                    continue
                if arm.reward and not all((path / "model.safetensors").is_file() for path in experts):
                    raise CommandError(f"{arm.name} needs the experts {', '.join(AIMS)} first", returncode=2)
                tuning = Tuning(
                    arm,
                    options["base"],
                    folder,
                    asker,
                    lambda path: load(path, options["device"]),
                    experts,
                )
                if not tuning.run(ends - time.monotonic(), self._report):
                    self._report({"stage": "leg ended", "next": "run the same command again to go on"})
                    return
                self._report({"arm": arm.name, "stage": "done", "minutes": round(tuning.minutes, 2)})
        except ExpertsError as error:
            raise CommandError(str(error), returncode=2) from error
        self._report({"stage": "all done"})

    def _report(self, line: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(line))
        self.stdout.flush()
