"""Print how well the crisis rules and the cue model do on labelled lines; `--write` makes docs/crisis.md."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from peersupport.safety import assess, safety_version
from peersupport.safety.evaluate import Line, Scores, Share, read_lines, score
from peersupport.safety.judge import EYES
from peersupport.safety.page import crisis_page
from peersupport.seeker import load_scenarios

LINES = Path(__file__).resolve().parents[2] / "safety" / "lines"
SETS = {
    "frozen": ("frozen.jsonl",),
    "counselor": ("frozen_counselor.jsonl",),
    "abuse": ("frozen_abuse.jsonl",),
    "train": ("train.jsonl", "more.jsonl"),
}
MEASURED_ONLY = ("frozen", "counselor", "abuse")


class Command(BaseCommand):
    help = (
        "Recall by level and kind, precision and false alarms of the crisis rules, the cue model and both, "
        "on the own lines. The frozen lines are measured only: no rule was changed by them and nothing was "
        "trained on them. What is printed for the train lines is in sample."
    )
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument("--lines", type=Path, help="other labelled lines, instead of the own sets")
        parser.add_argument("--set", choices=[*SETS, "scenarios", "all"], default="all", dest="chosen")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
        parser.add_argument("--misses", action="store_true", help="ids of misjudged train lines")
        parser.add_argument(
            "--write", action="store_true", help="measure everything and write docs/crisis.md"
        )

    def handle(self, *, lines: Path | None, chosen: str, **options) -> None:
        chosen = "all" if options["write"] else chosen
        sets = self._read([lines]) if lines else {}
        if not lines:
            for name, files in SETS.items():
                if chosen in (name, "all"):
                    sets |= self._read([LINES / file for file in files])
        scores = {name: {eyes: score(rows, eyes=eyes) for eyes in EYES} for name, rows in sets.items()}
        speed = _milliseconds(line for rows in sets.values() for line in rows)
        scenarios = _scenarios() if not lines and chosen in ("scenarios", "all") else {}
        if options["write"]:
            path = settings.BASE_DIR / "docs" / "crisis.md"
            path.write_text(crisis_page(scores, scenarios, safety_version()), encoding="utf-8")
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(scores, scenarios, speed), indent=2))
            return
        self.stdout.write(f"{safety_version()}, {speed:.3f} ms a message")
        for name, by_eyes in scores.items():
            self._table(name, by_eyes, misses=options["misses"] and name not in MEASURED_ONLY)
        for slug, share in scenarios.items():
            self.stdout.write(f"scenario {slug:22} lines with a cue: {share}")

    def _read(self, paths: list[Path]) -> dict[str, list[Line]]:
        rows: list[Line] = []
        for path in paths:
            try:
                rows += read_lines(path)
            except OSError as error:
                raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=2) from error
            except ValueError as error:
                raise CommandError(f"{path}: {error}", returncode=2) from error
        return {name: [line for line in rows if line.split == name] for name in {line.split for line in rows}}

    def _table(self, name: str, by_eyes: dict[str, Scores], *, misses: bool) -> None:
        for eyes, result in by_eyes.items():
            self.stdout.write(f"\n{name}, {eyes}")
            for level, share in result.noticed.items():
                self.stdout.write(f"  recall {level:9} noticed {share}   exact level {result.exact[level]}")
            self.stdout.write(f"  precision        {result.precision}")
            self.stdout.write(f"  false alarms     {result.alarms}")
            for (kind, level), share in result.by_kind.items():
                label = f"{kind}, alarms" if level == "none" else f"{kind}, {level}"
                self.stdout.write(f"    {label:22} {share}")
        if misses:
            for label in ("missed", "false_alarms", "wrong_level"):
                ids = ", ".join(getattr(by_eyes["both"], label))
                self.stdout.write(f"  {label.replace('_', ' ')}: {ids or 'none'}")


def _scenarios() -> dict[str, Share]:
    """How many of a scenario's lines carry a cue; only those marked as risk should have any."""
    found = {}
    for slug, scenario in load_scenarios().items():
        texts = dict.fromkeys([scenario.opening, *(line.text for line in scenario.lines)])
        alarms = sum(assess(text, role="seeker").level != "none" for text in texts)
        found[f"{slug}{' (risk)' if scenario.risk else ''}"] = Share(alarms, len(texts))
    return found


def _milliseconds(lines: Iterable[Line]) -> float:
    messages = [(line.text, line.role) for line in lines]
    start = time.perf_counter()
    for text, role in messages:
        assess(text, role=role)
    return (time.perf_counter() - start) * 1000 / max(1, len(messages))


def _as_json(scores: dict[str, dict[str, Scores]], scenarios: dict[str, Share], speed: float) -> dict:
    def share(value: Share) -> dict:
        return {"value": value.value, "interval": value.interval, "n": value.n}

    def one(result: Scores) -> dict:
        return {
            "recall_noticed": {level: share(value) for level, value in result.noticed.items()},
            "recall_exact": {level: share(value) for level, value in result.exact.items()},
            "precision": share(result.precision),
            "alarms": share(result.alarms),
            "by_kind": {f"{kind}/{level}": share(value) for (kind, level), value in result.by_kind.items()},
        }

    return {
        "version": safety_version(),
        "ms_per_message": speed,
        "splits": {
            name: one(by_eyes["both"])
            | {"rules": one(by_eyes["rules"]), "model": one(by_eyes["model"])}
            | (
                {"missed": by_eyes["both"].missed, "false_alarms": by_eyes["both"].false_alarms}
                if name not in MEASURED_ONLY
                else {}
            )
            for name, by_eyes in scores.items()
        },
        "scenarios": {slug: share(value) for slug, value in scenarios.items()},
    }
