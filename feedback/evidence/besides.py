"""What Yang et al. 2024 found besides single techniques: having a chat at all (matched), and the controls.

Facts copied from the paper into `data/yang2024_besides.csv`, each row with its source; the words are ours.
They grade nothing and are no part of the stored study, whose figures and checksum stay as they are.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from feedback.evidence.published import COLUMNS, SAMPLES
from feedback.evidence.study_types import interval95

CSV_PATH = Path(__file__).parent / "data" / "yang2024_besides.csv"
SLUG = "yang2024"  # of the study that the findings are part of
NOT_GIVEN = "not given"  # of stars that we have not before us, which is not the same as none
MATCHED = {"PHQ-2": (53_915, 86_498, 43_249), "GAD-2": (32_222, 52_448, 26_224)}  # seekers, periods, pairs


@dataclass(frozen=True)
class Figure:
    """One term on one instrument, in its points (0-6). `beta` is None where the paper reports no link without
    a figure, `se` where it is not known here; `stars` as printed, None where they are not known here."""

    instrument: str
    beta: float | None
    se: float | None
    stars: str | None

    @property
    def text(self) -> str:
        """The figure as a table shows it, with what is known of its uncertainty."""
        if self.beta is None:
            return "no clear link"
        if self.se is not None:
            low, high = interval95(self.beta, self.se)
            return f"{_signed(self.beta)} ({_signed(low)} to {_signed(high)})"
        return _signed(self.beta) + ("" if self.stars is None else self.stars or " (no clear link)")


@dataclass(frozen=True)
class Finding:
    question: str
    term: str
    name: str
    reading: str
    figures: tuple[Figure, ...]
    source: str


@dataclass(frozen=True)
class Part:
    """The findings of one question; `samples` is a line for each instrument."""

    title: str
    note: str
    findings: tuple[Finding, ...]
    samples: tuple[str, ...]

    @property
    def shown(self) -> tuple[Finding, ...]:
        """Without the constant, which says nothing to a reader of the page."""
        return tuple(finding for finding in self.findings if finding.term != "const")


@cache
def findings() -> tuple[Finding, ...]:
    """All rows of the file, in its order."""
    with CSV_PATH.open(encoding="utf-8", newline="") as handle:
        return tuple(_finding(row) for row in csv.DictReader(handle))


@cache
def parts() -> tuple[Part, ...]:
    """The two questions as the page Evidence shows them."""
    of = {name: tuple(row for row in findings() if row.question == name) for name in ("rq1", "rq2")}
    return (
        Part(
            "Having a chat at all",
            "Periods with a chat beside similar periods without one. In brackets: the range that fits the "
            "data, from the published standard error.",
            of["rq1"],
            tuple(
                f"{name}: {seekers:,} seekers, {periods:,} periods, {pairs:,} matched pairs"
                for name, (seekers, periods, pairs) in MATCHED.items()
            ),
        ),
        Part(
            "What else went with later scores",
            "Periods with a chat, in the model with the motivational interviewing techniques; nothing is "
            "matched. Stars as published: with one or more, p is below .05 before any correction; more "
            "stars, smaller p.",
            of["rq2"],
            tuple(
                f"{name}: {seekers:,} seekers, {periods:,} periods"
                for name, (seekers, periods) in SAMPLES.items()
            ),
        ),
    )


def _finding(row: dict[str, str]) -> Finding:
    figures = tuple(
        Figure(
            instrument,
            float(row[f"{column}_beta"]) if row[f"{column}_beta"] else None,
            float(row[f"{column}_se"]) if row[f"{column}_se"] else None,
            None if row[f"{column}_stars"] == NOT_GIVEN else row[f"{column}_stars"],
        )
        for instrument, column in COLUMNS.items()
    )
    return Finding(row["question"], row["term"], row["name"], row["reading"], figures, row["source"])


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")
