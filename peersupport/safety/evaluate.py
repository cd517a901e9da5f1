"""Measure the crisis rules on labelled lines: recall per level, precision, and the lines they get wrong.

A line counts as *noticed* when the rules give any level but "none"; as *exact* when they give the labelled
one. Recall is over labelled crisis lines, precision over everything noticed. Intervals: Wilson, 95 %.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from peersupport.safety.rules import LEVELS, ROLES, assess


@dataclass(frozen=True)
class Line:
    id: str
    split: str
    role: str
    level: str
    kinds: tuple[str, ...]
    tag: str
    text: str


@dataclass(frozen=True)
class Share:
    """k of n, with its Wilson interval; `value` is None where n is 0."""

    k: int
    n: int

    @property
    def value(self) -> float | None:
        return self.k / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.n:
            return None
        z, rate = 1.96, self.k / self.n
        middle = rate + z * z / (2 * self.n)
        reach = z * math.sqrt(rate * (1 - rate) / self.n + z * z / (4 * self.n * self.n))
        scale = 1 + z * z / self.n
        return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)

    def __str__(self) -> str:
        if self.value is None:
            return "no lines"
        low, high = self.interval
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}] ({self.k} of {self.n})"


@dataclass(frozen=True)
class Scores:
    noticed: dict[str, Share]
    exact: dict[str, Share]
    precision: Share
    false_alarms: tuple[str, ...]
    missed: tuple[str, ...]
    wrong_level: tuple[str, ...]


def read_lines(path: Path) -> list[Line]:
    """JSON lines with id, split (dev, test), role, level, kinds, tag, text. ValueError names a bad line."""
    lines = []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(raw)
            line = Line(**(entry | {"kinds": tuple(entry["kinds"])}))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(
                f"line {number}: needs the keys id, split, role, level, kinds, tag, text"
            ) from error
        if line.level not in LEVELS or line.role not in ROLES:
            raise ValueError(f"line {number}: level is one of {LEVELS}, role one of {ROLES}")
        lines.append(line)
    return lines


def score(lines: Iterable[Line]) -> Scores:
    judged = [(line, assess(line.text, role=line.role)) for line in lines]
    noticed, exact = {}, {}
    for level in LEVELS[1:]:
        found = [finding.level for line, finding in judged if line.level == level]
        noticed[level] = Share(sum(level != "none" for level in found), len(found))
        exact[level] = Share(found.count(level), len(found))
    levels = [(line.id, line.level, finding.level) for line, finding in judged]
    alarms = [line for line, finding in judged if finding.level != "none"]
    return Scores(
        noticed=noticed,
        exact=exact,
        precision=Share(sum(line.level != "none" for line in alarms), len(alarms)),
        false_alarms=tuple(line.id for line in alarms if line.level == "none"),
        missed=tuple(name for name, wanted, got in levels if wanted != "none" and got == "none"),
        wrong_level=tuple(
            name for name, wanted, got in levels if got != wanted and "none" not in (got, wanted)
        ),
    )
