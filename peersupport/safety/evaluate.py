"""Measure the crisis rules and the cue model on labelled lines: recall, precision and false alarms by kind.

A line counts as *noticed* when any level but "none" is given; as *exact* when the labelled one is. Recall is
over labelled crisis lines, precision over everything noticed. Intervals: Wilson, 95 %.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from peersupport.safety.judge import assess
from peersupport.safety.rules import LEVELS, ROLES


@dataclass(frozen=True)
class Line:
    id: str
    split: str
    level: str
    kinds: tuple[str, ...]
    text: str
    tag: str
    role: str = "seeker"


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
    """`by_kind`: noticed lines by (kind, labelled level): recall, or false alarms where that is "none"."""

    noticed: dict[str, Share]
    exact: dict[str, Share]
    precision: Share
    alarms: Share
    by_kind: dict[tuple[str, str], Share]
    false_alarms: tuple[str, ...]
    missed: tuple[str, ...]
    wrong_level: tuple[str, ...]


def read_lines(path: Path) -> list[Line]:
    """JSON lines with id, split, level, kinds, text, `tag` or `kind`, maybe role.

    ValueError names a bad line.
    """
    lines = []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(raw)
            tag = entry.pop("kind") if "kind" in entry else entry["tag"]
            line = Line(**(entry | {"kinds": tuple(entry["kinds"]), "tag": tag}))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"line {number}: needs the keys id, split, level, kinds, text, tag") from error
        if line.level not in LEVELS or line.role not in ROLES:
            raise ValueError(f"line {number}: level is one of {LEVELS}, role one of {ROLES}")
        lines.append(line)
    return lines


def score(lines: Iterable[Line], *, eyes: str = "both") -> Scores:
    judged = [(line, assess(line.text, role=line.role, eyes=eyes)) for line in lines]
    noticed, exact = {}, {}
    for level in LEVELS[1:]:
        found = [finding.level for line, finding in judged if line.level == level]
        noticed[level] = Share(sum(level != "none" for level in found), len(found))
        exact[level] = Share(found.count(level), len(found))
    levels = [(line.id, line.level, finding.level) for line, finding in judged]
    alarms = [line for line, finding in judged if finding.level != "none"]
    false = tuple(line.id for line in alarms if line.level == "none")
    return Scores(
        noticed=noticed,
        exact=exact,
        precision=Share(sum(line.level != "none" for line in alarms), len(alarms)),
        alarms=Share(len(false), sum(line.level == "none" for line, _ in judged)),
        by_kind=_by_kind([(line, finding.level != "none") for line, finding in judged]),
        false_alarms=false,
        missed=tuple(name for name, wanted, got in levels if wanted != "none" and got == "none"),
        wrong_level=tuple(
            name for name, wanted, got in levels if got != wanted and "none" not in (got, wanted)
        ),
    )


def _by_kind(judged: list[tuple[Line, bool]]) -> dict[tuple[str, str], Share]:
    groups: dict[tuple[str, str], list[bool]] = {}
    for line, noticed in judged:
        groups.setdefault((line.tag, line.level), []).append(noticed)
    return {name: Share(sum(found), len(found)) for name, found in sorted(groups.items())}
