"""Measure coach-mini on its held-out messages and write its card, or what one of its dials does to them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Ask a trained coach-mini for one reply to each held-out message, judge the replies by the product's "
        "closed loop, print the figures as JSON and write CARD.md and card.json into the model's folder. "
        "With --dial: the frozen messages' replies with and without that dial, and no card."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--model", help="folder that train_coach wrote; without it only the authored lines"
        )
        parser.add_argument("--limit", type=int, help="only the first messages; writes no card")
        parser.add_argument(
            "--without-copies",
            action="store_true",
            help="do not look for stretches of training replies, most of the time; writes no card",
        )
        parser.add_argument("--dial", help="behaviour whose dial is turned, beside the same draws without it")
        parser.add_argument(
            "--calibration", type=Path, help="folder that steering_calibrate wrote; else the model's own dial"
        )
        parser.add_argument(
            "--turns",
            type=float,
            nargs="+",
            default=[0.25, 0.5, 1.0],
            help="shares of the way to its end stop",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            import torch

            from feedback.coach.engine import Coach, CoachConfig, EngineError
            from feedback.coach.mini import evaluation
            from feedback.coach.mini.card import missed_bars, write_card
        except ImportError as error:
            message = f"Measuring needs {error.name}. Install it with: pip install -e '.[train]'"
            raise CommandError(message, returncode=2) from error
        from feedback.coach.corpus.heldout import COUNT, frozen, handwritten
        from skills.tagger import load_tagger

        limit = options["limit"]
        sets = (("frozen", frozen()[:limit]), ("handwritten", handwritten()[:limit]))
        tagger = load_tagger()
        judges = evaluation.Judges(retag=tagger.tag, embed=tagger.embed)
        if options["dial"]:
            self._print({"tagger": tagger.version, **self._turned(options, sets[0][1], judges)})
            return
        figures: dict[str, Any] = {}
        for name, questions in sets:
            lines = evaluation.authored(questions, judges.embed)
            figures[f"{name}, nearest authored line"], _ = evaluation.judged(questions, lines, judges, None)
        taught = evaluation.corpus_sample(COUNT if limit is None else limit)
        figures["the grammar's own exchanges"], _ = evaluation.judged(*taught, judges, None)
        if not options["model"]:
            self._print({"tagger": tagger.version, "figures": figures})
            return
        folder = Path(options["model"])
        if not (folder / evaluation.NOTE).is_file():
            raise CommandError(f"{folder} has no {evaluation.NOTE}: train_coach writes it.", returncode=2)
        torch.set_num_threads(1)
        # The command may take its time: the limit per call is for people who wait for a report.
        coach = Coach(CoachConfig(model=str(folder.resolve()), device="cpu", seconds=3600.0, batch=16))
        # Made again from the seeds of all trainings, example by example: most of this command's time.
        learnt = None if options["without_copies"] else evaluation.learnt_grams(folder)
        shown: list[evaluation.Sample] = []
        for name, questions in sets:
            try:
                replies = evaluation.ask(questions, coach.reword)
            except EngineError as error:
                raise CommandError(str(error), returncode=1) from error
            figures[name], samples = evaluation.judged(questions, replies, judges, learnt)
            shown = shown or samples
        card = {
            "model": "coach-mini",
            "training": json.loads((folder / evaluation.NOTE).read_text(encoding="utf-8")),
            "tagger": tagger.version,
            "figures": figures,
            "missed": missed_bars(figures["frozen"]),
        }
        self._print(card)
        if limit is None and learnt is not None:
            write_card(folder, card, shown)

    def _turned(self, options: dict[str, Any], questions: Sequence[Any], judges: Any) -> dict[str, Any]:
        """Accepted replies with and without the dial. The dial is found as the product finds it."""
        import torch

        from feedback.coach import dial_files
        from feedback.coach.engine import Coach, CoachConfig, EngineError
        from feedback.coach.mini.turning import compare

        if not options["model"]:
            raise CommandError("--dial needs --model", returncode=2)
        torch.set_num_threads(1)
        dial, folder = options["dial"], str(Path(options["model"]).resolve())
        with tempfile.TemporaryDirectory() as home:
            if made := options["calibration"]:
                mark = dial_files.header(made / dial_files.VECTOR).get("fingerprint", "")
                place = dial_files.place(Path(home), mark)
                place.mkdir(parents=True)
                (place / dial).symlink_to(made.resolve())
                dial_files.write_choices(Path(home), {mark: {dial: dial}})
            coach = Coach(CoachConfig(folder, device="cpu", seconds=3600.0, batch=16, dials=home))
            try:
                about = coach.about()
                if dial not in about["dials"]:
                    why = about["refused"].get(dial, "the model has no such dial that can be turned")
                    raise CommandError(f"{dial}: {why}", returncode=2)
                found = compare(questions, coach.reword, judges, dial, options["turns"])
            except EngineError as error:
                raise CommandError(str(error), returncode=1) from error
        return {"model": about["model"], "dial": dial, "end_stop": about["dials"][dial], **found}

    def _print(self, card: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(card, ensure_ascii=False, indent=1))
