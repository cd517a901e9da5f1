"""Calibrate one behaviour's dial for one language model; the report says how far is safe, and why."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Find the direction of a behaviour in a language model, sweep its strength, and write the report, "
        "the vector and the plots. Stopped with Ctrl-C or killed, the next call goes on where it was."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--model", required=True, help="folder or hub id of a causal language model")
        parser.add_argument(
            "--behaviour", required=True, help="autonomy, reflection, warmth, brevity, openness"
        )
        parser.add_argument("--output", required=True, type=Path, help="folder for the report")
        parser.add_argument(
            "--pairs",
            choices=["banks", "grammar"],
            default="banks",
            help="handwritten ones, or replies of coach-mini's own grammar",
        )
        parser.add_argument("--layers", type=int, nargs="+", help="default: by held-out separability")
        parser.add_argument("--method", default="mean", choices=["mean", "pca"])
        parser.add_argument("--span", type=float, help="the grid runs from -SPAN to SPAN")
        parser.add_argument("--points", type=int, default=21)
        parser.add_argument("--tolerated", type=float, default=0.1, help="relative loss of helpfulness")
        parser.add_argument("--replies", type=int, default=20, help="free replies at each strength")
        parser.add_argument("--tokens", type=int, default=40, help="length of a free reply")
        parser.add_argument("--batch", type=int, default=16)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--device", default="auto")
        parser.add_argument("--gguf", action="store_true", help="also write vector.gguf")

    def handle(self, *args: Any, **options: Any) -> None:
        from feedback.coach.engine import CoachConfig, EngineError, is_mini, load_model
        from feedback.coach.mini.form import MiniForm
        from feedback.coach.mini.own_pairs import own_behaviour
        from feedback.coach.steering.calibration import calibrate
        from feedback.coach.steering.errors import Cancelled, SteeringError
        from feedback.coach.steering.page import verdict
        from feedback.coach.steering.pairs import load_behaviour
        from feedback.coach.steering.plan import Options
        from feedback.coach.steering.vectors import SteeringVector

        names = ("method", "span", "points", "tolerated", "replies", "tokens", "batch", "seed")
        chosen = {name: options[name] for name in names}
        chosen["layers"] = tuple(options["layers"]) if options["layers"] else None
        stopping = []
        # The first Ctrl-C or SIGTERM ends after the cell that is being measured.
        before = {
            number: signal.signal(number, lambda number, frame: stopping.append(number))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            load = own_behaviour if options["pairs"] == "grammar" else load_behaviour
            behaviour = load(options["behaviour"])
            settings = Options(**chosen).check()
            model, tokenizer = load_model(CoachConfig(model=options["model"], device=options["device"]))
            report = calibrate(
                model,
                tokenizer,
                behaviour,
                options["output"],
                settings,
                form=MiniForm(behaviour.name) if is_mini(tokenizer) else None,
                progress=self._progress,
                should_stop=lambda: bool(stopping),
            )
            if options["gguf"]:
                vector = SteeringVector.load(options["output"] / "vector.safetensors")
                vector.export_gguf(options["output"] / "vector.gguf", model)
        except (SteeringError, EngineError) as error:
            raise CommandError(str(error), returncode=2) from error
        except Cancelled as error:
            raise CommandError(str(error), returncode=130) from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        self.stdout.write(verdict(report))

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stdout.write(f"{done}/{total} {what}")
        self.stdout.flush()
