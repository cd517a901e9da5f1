"""Print how well the crisis rules do on labelled lines."""

from __future__ import annotations

import json
import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from peersupport.safety import assess, rules_version
from peersupport.safety.evaluate import Scores, read_lines, score

OWN_LINES = "tests/peersupport/data/crisis_lines.jsonl"


class Command(BaseCommand):
    help = (
        "Recall (explicit, passive) and precision of the crisis rules on labelled JSON lines. "
        "The split 'test' was written before any rule and not used to tune one; 'dev' was."
    )
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument("--lines", type=Path, default=settings.BASE_DIR / OWN_LINES)
        parser.add_argument("--split", choices=["dev", "test", "all"], default="all")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
        parser.add_argument("--misses", action="store_true", help="also list the ids of misjudged lines")

    def handle(self, *, lines: Path, split: str, **options) -> None:
        try:
            labelled = read_lines(lines)
        except OSError as error:
            raise CommandError(f"{lines} cannot be read: {error.strerror}", returncode=2) from error
        except ValueError as error:
            raise CommandError(f"{lines}: {error}", returncode=2) from error
        splits = sorted({line.split for line in labelled}) if split == "all" else [split]
        scores = {name: score(line for line in labelled if line.split == name) for name in splits}
        speed = _milliseconds([(line.text, line.role) for line in labelled])
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(scores, speed), indent=2))
            return
        self.stdout.write(f"{rules_version()}, {len(labelled)} lines, {speed:.3f} ms a message")
        for name, result in scores.items():
            self._table(name, result, misses=options["misses"])

    def _table(self, name: str, result: Scores, *, misses: bool) -> None:
        self.stdout.write(f"\n{name}")
        for level, share in result.noticed.items():
            self.stdout.write(f"  recall {level:9} noticed {share}   exact level {result.exact[level]}")
        self.stdout.write(f"  precision        {result.precision}")
        if misses:
            for label in ("missed", "false_alarms", "wrong_level"):
                self.stdout.write(
                    f"  {label.replace('_', ' ')}: {', '.join(getattr(result, label)) or 'none'}"
                )


def _milliseconds(messages: list[tuple[str, str]]) -> float:
    start = time.perf_counter()
    for text, role in messages:
        assess(text, role=role)
    return (time.perf_counter() - start) * 1000 / max(1, len(messages))


def _as_json(scores: dict[str, Scores], speed: float) -> dict:
    def share(value):
        return {"value": value.value, "interval": value.interval, "n": value.n}

    return {
        "rules": rules_version(),
        "ms_per_message": speed,
        "splits": {
            name: {
                "recall_noticed": {level: share(value) for level, value in result.noticed.items()},
                "recall_exact": {level: share(value) for level, value in result.exact.items()},
                "precision": share(result.precision),
                "missed": result.missed,
                "false_alarms": result.false_alarms,
            }
            for name, result in scores.items()
        },
    }
