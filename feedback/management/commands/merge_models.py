"""Merge fine-tunes of one model as a recipe says; nothing is trained."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Merge fine-tunes of one base model into one model folder that transformers loads. Stopped with "
        "Ctrl-C or killed, the same call goes on where it was."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("recipe", nargs="?", type=Path, help="TOML file (docs/merging.md)")
        parser.add_argument("--output", type=Path, help="folder of the merged model; must not exist")
        parser.add_argument("--device", default="cpu", help="cpu (default), cuda, or auto")
        parser.add_argument("--threads", type=int, default=0, help="of torch; 0: as many as it takes")
        parser.add_argument("--shard-gb", type=float, default=5.0, help="largest weight file")
        parser.add_argument("--no-hashes", action="store_true", help="leave the inputs' hashes out")
        parser.add_argument("--dry-run", action="store_true", help="check the inputs and print the plan only")
        parser.add_argument("--list", action="store_true", help="the methods, with defaults and source")

    def handle(self, *args: Any, **options: Any) -> None:
        from feedback.coach.merging.catalog import listing
        from feedback.coach.merging.errors import Cancelled, MergeError
        from feedback.coach.merging.recipe import read_recipe

        if options["list"]:
            self.stdout.write(listing())
            return
        if options["recipe"] is None or not (options["output"] or options["dry_run"]):
            raise CommandError("say a recipe and --output, or --dry-run, or --list", returncode=2)
        try:
            recipe = read_recipe(options["recipe"])
            self._check_origin(recipe)
            if options["dry_run"]:
                self._plan(recipe, options)
            else:
                self._merge(recipe, options)
        except MergeError as error:
            raise CommandError(str(error), returncode=2) from error
        except Cancelled as error:
            raise CommandError(str(error), returncode=130) from error

    def _check_origin(self, recipe: Any) -> None:
        """What was learnt from other weights is no task vector of these. Without a note it is let pass."""
        from feedback.coach.experts.origin import strangers, trained_elsewhere, weights_of

        folders = [expert.path for expert in recipe.experts]
        for folder in strangers(folders, lambda: weights_of(recipe.base)):
            raise CommandError(
                f"{trained_elsewhere(folder, recipe.base)}: name the base that it was trained from, or train "
                "it anew (manage.py train_experts)",
                returncode=2,
            )

    def _plan(self, recipe: Any, options: dict[str, Any]) -> None:
        from feedback.coach.merging.plan import plan

        found = plan(recipe, device=options["device"], shard_bytes=int(options["shard_gb"] * 1e9))
        self.stdout.write("\n".join(found.lines()))

    def _merge(self, recipe: Any, options: dict[str, Any]) -> None:
        import torch

        from feedback.coach.merging.engine import merge
        from feedback.coach.mini import notes

        if options["threads"]:
            torch.set_num_threads(options["threads"])
        said = recipe.as_dict()
        how = {name: said[name] for name in ("method", "rule", "parameters", "seed")}
        note = notes.of_merge(how, [expert.path for expert in recipe.experts])
        stopping: list[int] = []
        before = {
            number: signal.signal(number, lambda number, frame: stopping.append(number))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            result = merge(
                recipe,
                options["output"],
                device=options["device"],
                shard_bytes=int(options["shard_gb"] * 1e9),
                hashes=not options["no_hashes"],
                files={notes.NOTE: json.dumps(note, indent=1) + "\n"} if note else {},
                progress=self._progress,
                should_stop=lambda: bool(stopping),
            )
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        for warning in result.manifest["warnings"]:
            self.stderr.write(f"warning: {warning}")
        self.stdout.write(f"{result.output}: {result.manifest['parameters']:,} parameters")

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stdout.write(f"{done}/{total} {what}")
        self.stdout.flush()
