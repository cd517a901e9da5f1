"""How helpful, honest and harmless models are on items of our own that no training has seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Rank pairs of replies with each MODEL: the share preferred rightly for each aim, their minimum "
        "(primary) and mean, over-refusal, and each model's difference from the first, paired and corrected."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("models", nargs="+", type=Path, help="folders; the first is compared with")
        parser.add_argument("--split", choices=("validation", "test"), default="test")
        parser.add_argument("--items", type=int, default=1000, help="for each aim and seed")
        parser.add_argument("--seeds", type=int, default=1, help="how many sets of items")
        parser.add_argument("--experts", type=Path, help="folder of helpful, honest, harmless: for retention")
        parser.add_argument(
            "--public",
            action="append",
            default=[],
            metavar="SET=PLACE",
            help="hhh_alignment, xstest, truthfulqa, beavertails: a folder or hub id, not own items",
        )
        parser.add_argument("--output", type=Path, help="also write the figures to this JSON file")
        parser.add_argument("--device", default="auto")
        parser.add_argument("--threads", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        import torch

        from feedback.coach.experts.compared import differences, summary
        from feedback.coach.experts.errors import ExpertsError
        from feedback.coach.experts.items import AIMS

        torch.set_num_threads(options["threads"])
        if options["public"]:
            self._public(options)
            return
        paths, experts = list(options["models"]), {}
        if options["experts"]:
            experts = {aim: options["experts"] / aim for aim in AIMS}
        # Folders of one name are told apart by their parent's.
        names = [path.name for path in paths]
        labels = [f"{p.parent.name}/{p.name}" if names.count(p.name) > 1 else p.name for p in paths]
        if len(set(labels)) < len(labels):
            raise CommandError("the same model was named twice", returncode=2)
        try:
            found = {label: self._measure(path, options) for label, path in zip(labels, paths, strict=True)}
            own = {aim: self._measure(path, options)[aim].mean() for aim, path in experts.items()}
        except ExpertsError as error:
            raise CommandError(str(error), returncode=2) from error
        report = {
            "split": options["split"],
            "items": options["items"],
            "seeds": options["seeds"],
            "models": {label: summary(one, own) for label, one in found.items()},
            "compared_with": labels[0],
            "differences": differences(found, labels[0]),
        }
        if options["output"]:
            options["output"].write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        self.stdout.write(self._table(report))

    def _public(self, options: dict[str, Any]) -> None:
        """A row for each model, set and kind, with the difference that so many pairs can show."""
        from feedback.coach.experts.asking import Asker
        from feedback.coach.experts.errors import ExpertsError
        from feedback.coach.experts.loading import load, load_tokenizer
        from feedback.coach.experts.public import load_public, resolves
        from feedback.coach.experts.ranking import better
        from feedback.intervals import wilson

        rows: list[dict[str, Any]] = []
        try:
            sets = dict(one.partition("=")[::2] for one in options["public"])
            items = {name: load_public(name, place) for name, place in sets.items()}
            for path in options["models"]:
                model, asker = load(path, options["device"]).eval(), Asker(load_tokenizer(path))
                for name, pairs in items.items():
                    right = better(model, asker, pairs)
                    for kind in sorted({one.kind for one in pairs}):
                        own = right[[one.kind == kind for one in pairs]]
                        share = float(own.mean())
                        row = {"model": path.name, "set": name, "kind": kind, "n": len(own), "share": share}
                        row |= {"ci": wilson(int(own.sum()), len(own)), "resolves": resolves(share, len(own))}
                        rows.append(row)
        except ExpertsError as error:
            raise CommandError(str(error), returncode=2) from error
        if options["output"]:
            options["output"].write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        self.stdout.write("model | set | kind | pairs | preferred rightly (95 %) | a difference it can show")
        for row in rows:
            low, high = row["ci"]
            self.stdout.write(
                f"{row['model']} | {row['set']} | {row['kind']} | {row['n']} | "
                f"{row['share']:.3f} ({low:.3f} to {high:.3f}) | {row['resolves']:.3f}"
            )

    def _measure(self, path: Path, options: dict[str, Any]) -> dict[str, Any]:
        from feedback.coach.experts.asking import Asker
        from feedback.coach.experts.loading import load, load_tokenizer
        from feedback.coach.experts.ranking import measured

        return measured(
            load(path, options["device"]).eval(),
            Asker(load_tokenizer(path)),
            split=options["split"],
            seeds=list(range(options["seeds"])),
            count=options["items"],
            progress=lambda aim, done, total: self.stderr.write(f"{path.name} {aim} {done}/{total}"),
        )

    def _table(self, report: dict[str, Any]) -> str:
        from feedback.coach.experts.compared import DRAWS
        from feedback.coach.experts.items import AIMS

        kept = any("retention" in one for one in report["models"].values())
        lines = [
            "model | helpful | honest | harmless | minimum (95 %) | mean | over-refusal | "
            f"{'kept of the experts (helpful / honest / harmless) | ' if kept else ''}"
            f"difference (p Holm, no p of {DRAWS:,} draws is below {2 / (DRAWS + 1):.3f})"
        ]
        for label, one in report["models"].items():
            low, high = one["minimum_ci"]
            gap = report["differences"].get(label)
            refused = one["over_refusal"]
            cells = [
                label,
                *(f"{one[aim]:.3f}" for aim in AIMS),
                f"{one['minimum']:.3f} ({low:.3f} to {high:.3f})",
                f"{one['mean']:.3f}",
                "" if refused is None else f"{refused:.3f}",
                *([self._kept(one["retention"])] if "retention" in one else []),
                f"{gap['difference']:+.3f} ({gap['p_holm']:.3g})" if gap else "",
            ]
            lines.append(" | ".join(cells))
        return "\n".join(lines)

    def _kept(self, shares: dict[str, float]) -> str:
        from feedback.coach.experts.items import AIMS

        return " / ".join(f"{shares[aim]:.3f}" if aim in shares else "–" for aim in AIMS)
