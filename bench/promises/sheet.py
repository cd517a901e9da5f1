"""What a measurement found, and the table of all of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / "docs" / "promises.json"
PAGE = ROOT / "docs" / "promises.md"


@dataclass(frozen=True)
class Figure:
    """One measured number. `limit` is the largest value that keeps the promise, or the smallest when
    `at_least`; None is a figure without a limit, given for its own sake."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    at_least: bool = False

    @property
    def kept(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def cells(self) -> tuple[str, str, str, str]:
        """Name, value, limit and verdict, as words."""
        sign = "≥" if self.at_least else "≤"
        bound = "" if self.limit is None else f"{sign} {_number(self.limit)} {self.unit}"
        verdict = "" if self.limit is None else ("kept" if self.kept else "MISSED")
        return self.name, f"{_number(self.value)} {self.unit}".strip(), bound.strip(), verdict


def _number(value: float) -> str:
    """Whole numbers whole, others with three figures."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie; of nothing, NaN."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else float("nan")


def keep(
    number: int,
    title: str,
    runner: str,
    count: int,
    seconds: float,
    figures: list[Figure],
    *,
    part: str = "",
) -> None:
    """Put one measurement into docs/promises.json, in place of an earlier one of the same promise, or of the
    same part of a promise that is measured in parts."""
    rows = json.loads(STORE.read_text()) if STORE.exists() else {}
    rows[f"{number:02d} {runner} {part}".strip()] = {
        "number": number,
        "title": title,
        "runner": runner,
        "count": count,
        "seconds": round(seconds),
        "figures": [asdict(figure) for figure in figures],
    }
    STORE.write_text(json.dumps(dict(sorted(rows.items())), indent=1) + "\n")
    PAGE.write_text(_page(json.loads(STORE.read_text())))


def _page(rows: dict) -> str:
    lines = [
        "# Promises, measured",
        "",
        "Made by `make promises` (each row says how often it was tried); do not edit. *embedded*: SQLite and",
        "polling workers. *services*: PostgreSQL, Redis and Celery workers. Measured on two cores.",
        "",
        "| # | promise | on | tried | figure | measured | limit | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows.values():
        for place, figure in enumerate(row["figures"]):
            head = (
                (row["number"], row["title"], row["runner"], f"{row['count']:,}") if not place else [""] * 4
            )
            lines.append("| " + " | ".join(str(cell) for cell in (*head, *Figure(**figure).cells())) + " |")
    return "\n".join(lines) + "\n"
