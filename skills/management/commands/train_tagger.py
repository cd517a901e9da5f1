"""Train the tagger on public corpora and our own examples, or fit the serving version's last layer anew on
trainers' corrections; progress as JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone


class Command(BaseCommand):
    help = (
        "Train the tagger and write a weights folder with its card: masked-language pre-training, then the "
        "labels. A leg ends after --leg-minutes; run the same command again to go on."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--corpora", help="folder with the label corpora (not needed with --permissive)")
        parser.add_argument("--output", help="weights folder; also holds the checkpoints")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--epochs", type=int, default=6)
        parser.add_argument("--leg-minutes", type=float, default=70.0, help="training time of this call")
        parser.add_argument("--pretrain-epochs", type=int, default=1)
        parser.add_argument("--pretrain-rate", type=float, default=1.2e-4)
        parser.add_argument("--pretrain-tokens", type=int, default=2048)
        parser.add_argument("--patience", type=int, help="epochs without a better score before it ends")
        parser.add_argument("--rate", type=float, help="peak learning rate of the encoder")
        parser.add_argument("--soft-weight", type=float, help="weight of the teachers' word")
        parser.add_argument("--tokens", type=int, help="tokens in a batch; a GPU wants more")
        parser.add_argument(
            "--soft", type=Path, action="append", help="soft.npz of train_teacher; several: their mean"
        )
        parser.add_argument(
            "--encoder",
            type=Path,
            action="append",
            help="pretrained.pt or network.pt of an earlier run, to start there; several: their mean",
        )
        parser.add_argument(
            "--permissive", action="store_true", help="learn from own and permissively licensed text only"
        )
        parser.add_argument(
            "--from-current",
            action="store_true",
            help="fit the last layer of the version that serves anew, with --gold: without corpora and torch",
        )
        parser.add_argument(
            "--gold",
            action="store_true",
            help="learn what trainers settled; without --output as a job, for an admin to switch on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["from_current"] or options["gold"]:
            self._from_current(options)
            return
        try:
            import torch

            from skills.corpora.library import permissive, read_all, unlabelled
            from skills.tagger import origin
            from skills.tagger.examples import usable
            from skills.tagger.pretrain import PretrainRecipe, pretrain, texts
            from skills.tagger.release import Release, publish
            from skills.tagger.training import NETWORK, Recipe, Sources, Training
        except ImportError as error:
            message = f"Training needs {error.name}. Install it with: pip install -e '.[train]'"
            raise CommandError(message, returncode=2) from error
        corpora, output = self._folders(options)
        everything = usable(read_all(corpora))
        learnt = permissive(everything) if options["permissive"] else everything
        more = [] if options["permissive"] else usable(unlabelled(corpora, everything))
        encoders = options["encoder"] or [output / "pretrained.pt"]
        lines = texts(learnt + more)
        try:
            if options["permissive"]:
                origin.refuse_others(options["encoder"] or [])
            if not options["encoder"] and encoders[0].is_file():
                origin.pretrained_on(encoders[0], lines, permissive=options["permissive"])
        except origin.OtherSourcesError as error:
            raise CommandError(str(error), returncode=2) from error
        if not encoders[0].is_file():
            stage = PretrainRecipe(
                options["seed"],
                epochs=options["pretrain_epochs"],
                rate=options["pretrain_rate"],
                tokens_per_batch=options["pretrain_tokens"],
            )
            encoders = [pretrain(lines, output, stage, self._report, permissive=options["permissive"])]
        named = ("rate", "soft_weight", "tokens", "patience")  # 0 is said, too
        changed = {name: options[name] for name in named if options[name] is not None}
        recipe = Recipe(seed=options["seed"], epochs=options["epochs"], **changed)
        sources = Sources(tuple(encoders), tuple(options["soft"] or ()), options["permissive"])
        examples = learnt + more if options["soft"] else learnt
        training = Training(examples, output, recipe, self._report, sources)
        self._report({"training": len(training.examples), "examples": len(everything)})
        try:
            network = training.run(options["leg_minutes"])
        except origin.OtherRecipeError as error:
            raise CommandError(str(error), returncode=2) from error
        if network is None:
            self._report({"stage": "leg ended", "next": "run the same command again to go on"})
            return
        kept = {"network": network.state_dict(), "permissive": options["permissive"]}
        torch.save(kept, output / NETWORK)
        weights = {name: value.float().numpy() for name, value in network.state_dict().items()}
        note = {
            **asdict(recipe),
            "legs": training.legs,
            "minutes": round(sum(training.legs), 1),
            "validation": training.scores,
            "teacher": bool(options["soft"]),
            "teachers": len(options["soft"] or ()),
            "started_from": [path.name for path in options["encoder"] or ()],
            "permissive": options["permissive"],
            "threads": 1,
        }
        card = publish(Release(weights, output, note), learnt, everything, self._report)
        training.forget()
        self._report({"stage": "done", "version": card["version"]})

    def _from_current(self, options: dict[str, Any]) -> None:
        """To a folder at once, or as the job that an admin starts on the page of versions."""
        if not (options["from_current"] and options["gold"]):
            raise CommandError("--from-current and --gold go together.", returncode=2)
        from skills.gold import runs

        try:
            if options["output"] is None:
                training, _ = runs.start(None)
                self.stdout.write(f"training {training.pk} in the batch lane: see the page Tagger versions")
                return
            self._report(self._to_folder(Path(options["output"])))
        except runs.TrainingRefusedError as error:
            raise CommandError(str(error), returncode=2) from error

    def _to_folder(self, output: Path) -> dict[str, Any]:
        from skills.gold import reading, runs
        from skills.tagger.card import weights_folder
        from skills.tagger.successor import TooLittleGoldError, succeed

        now = timezone.now()
        found = reading.settled(now)
        if words := runs.too_little(reading.counts(found)):
            raise runs.TrainingRefusedError(words)
        try:
            gold = reading.examples(found)
            card = succeed(weights_folder(), gold, output, made=now.date(), told=self._told)
        except TooLittleGoldError as error:
            raise runs.TrainingRefusedError(str(error)) from error
        found = card["refit"]["comparison"]
        mean = found["mean"]
        return {
            "stage": "done",
            "version": card["version"],
            "parent": card["refit"]["parent"],
            "learnt": card["refit"]["learnt"],
            "mean_f1": {name: mean[name] for name in ("old", "new", "change", "ci")},
            "beats": found["beats"],
            "against": found["against"],
        }

    def _told(self, share: float, words: str) -> None:
        self._report({"stage": words, "progress": round(share, 3)})

    def _folders(self, options: dict[str, Any]) -> tuple[Path | None, Path]:
        corpora = Path(options["corpora"]) if options["corpora"] else None
        if options["output"] is None:
            raise CommandError("Name the folder to write to with --output.", returncode=2)
        if corpora is None and not options["permissive"]:
            raise CommandError(
                "Give the folder of the corpora with --corpora, or --permissive.", returncode=2
            )
        if options["permissive"] and options["soft"]:
            raise CommandError(
                "A teacher reads all corpora: leave out --soft, or --permissive.", returncode=2
            )
        named = [("corpora", corpora)] if corpora else []
        named += [(name, path) for name in ("soft", "encoder") for path in options[name] or ()]
        for name, path in named:
            if not path.exists():
                raise CommandError(f"No {path}. Look at --{name}.", returncode=2)
        return corpora, Path(options["output"])

    def _report(self, line: dict) -> None:
        self.stdout.write(json.dumps(line))
        self.stdout.flush()
