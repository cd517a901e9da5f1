"""Train the weights of the cue model and choose its threshold by cross-validation."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from django.core.management.base import BaseCommand

import peersupport
from peersupport.seeker import load_scenarios

LINES = Path(peersupport.__file__).parent / "safety" / "lines"
STEPS = (2.0, 1.5, 1.0, 0.75, 0.5, 0.25, 0.0, -0.5)


class Command(BaseCommand):
    help = (
        "Train the cue model on lines/train.jsonl, lines/more.jsonl and the lines of every scenario without "
        "risk. Never reads lines/frozen.jsonl. Prints the cross-validated scores; --write keeps the weights."
    )
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--write", action="store_true", help="replace peersupport/safety/cue_weights.json"
        )

    def handle(self, *, write: bool, **options) -> None:
        from peersupport.safety.cues import WEIGHTS_FILE
        from skills.risk import training

        examples = [
            training.Example(row["text"], row["level"], row["kind"])
            for name in ("train", "more")
            for row in map(json.loads, (LINES / f"{name}.jsonl").read_text("utf-8").splitlines())
        ]
        written = len(examples)
        for slug, scenario in load_scenarios().items():
            if not scenario.risk:
                examples += [
                    training.Example(text, "none", "scenario", slug)
                    for text in dict.fromkeys([scenario.opening, *(line.text for line in scenario.lines)])
                ]
        bags = [training.bag(example.text) for example in examples]
        scores = training.out_of_fold(examples, bags, training.folds(examples))
        by_rules = training.ruled(examples)
        own = examples[:written]
        self.stdout.write(f"{written} own lines, {len(examples) - written} lines of scenarios without risk")
        self.stdout.write(
            "threshold   model: explicit passive alarms   with rules   scenarios: model, with rules"
        )
        for step in STEPS:
            alone, both = scores > step, (scores > step) | by_rules
            row = [
                *training.rates(own, alone[:written]).values(),
                *training.rates(own, both[:written]).values(),
            ]
            row += [alone[written:].mean(), both[written:].mean()]
            self.stdout.write(f"{step:9.2f}   " + "  ".join(f"{value:.3f}" for value in row))
        threshold = training.choose(own, scores[:written], by_rules[:written])
        self.stdout.write(f"chosen: {threshold}, the highest that reaches {training.AIM} with the rules")
        if write:
            weights, bias = training.fit(training.table(examples, bags))
            body = {name: round(value, 3) for name, value in sorted(weights.items())}
            digest = hashlib.sha256(json.dumps([bias, body]).encode()).hexdigest()[:6]
            kept = {
                "version": f"cues-{digest}",
                "bias": round(bias, 4),
                "threshold": threshold,
                "weights": body,
            }
            WEIGHTS_FILE.write_text(json.dumps(kept, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
            self.stdout.write(f"{len(body)} weights written to {WEIGHTS_FILE.name}")
