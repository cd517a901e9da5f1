"""What was measured for the shipped base: `three_h.json` beside its weights, as `evaluate_3h` writes it.

Reports of merges have the same form, so that one table shows both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from feedback.bases.names import readable
from feedback.coach.serving import SHIPPED, read_json

FILE = SHIPPED / "three_h.json"
HARDLY = 5.0  # percent of harmless messages
AIMS = ("helpful", "honest", "harmless")  # as in feedback.coach.experts.items; a test holds it


@dataclass(frozen=True)
class Table:
    """Rows of shares of 1: `label`, AIMS, `minimum`, `minimum_ci`, `mean`, `mean_ci`, `over_refusal`, `n`
    (items of each aim), `kept` (the part of each expert's own share, in the order of AIMS; None for one that
    is not known, empty where none is), `plot` (percent) and, but for the one that is `compared_with`,
    `difference`, `ci`, `p`, `p_holm`. `line`: where the plots show that one's minimum; `ends`: what they run
    from and to; `kept`: whether any row has it."""

    rows: list[dict[str, Any]]  # the highest minimum first
    line: str
    ends: tuple[float, float]
    kept: bool
    compared_with: str
    serves: str
    why: str
    items: int
    split: str


def shipped() -> Table | None:
    """None where nothing was measured, or the file cannot be read."""
    return table(read_json(FILE))


def of_what_ships() -> Table | None:
    """The shipped weights beside those that they were made of; None where nothing was measured."""
    report = read_json(FILE)
    return table({**report, **report["shipped"]}) if isinstance(report.get("shipped"), dict) else None


@dataclass(frozen=True)
class Verdict:
    """Why the shipped weights ship and not the best model that was tried, in percent: `kept` of its gain on
    the weakest aim; `over` and `best_over`, how often each offers a crisis line where nobody asked."""

    kept: float
    over: float
    best_over: float
    best: str

    @property
    def hardly(self) -> bool:
        return self.over < HARDLY


def verdict(tried: Table | None, ships: Table | None) -> Verdict | None:
    """None where the figures do not say this: nothing gained, or no fewer crisis lines."""
    if tried is None or ships is None:
        return None
    ours = {row["label"]: row for row in ships.rows}
    best, before = tried.rows[0], next((row for row in tried.rows if row["label"] == "base"), None)
    shipped, base = ours.get(ships.serves), ours.get(ships.compared_with)
    if not (before and shipped and base) or None in (shipped["over_refusal"], best["over_refusal"]):
        return None
    gained, most = shipped["minimum"] - base["minimum"], best["minimum"] - before["minimum"]
    if not 0 < gained <= most or shipped["over_refusal"] >= best["over_refusal"]:
        return None
    return Verdict(
        100 * gained / most, 100 * shipped["over_refusal"], 100 * best["over_refusal"], best["title"]
    )


def table(report: dict[str, Any]) -> Table | None:
    """A report as rows; None where it is none."""
    try:
        rows = [
            {
                "label": str(label),
                "title": readable(str(label)),
                **{aim: float(one[aim]) for aim in AIMS},
                **{name: float(one[name]) for name in ("minimum", "mean")},
                **{name: _pair(one[name]) for name in ("minimum_ci", "mean_ci")},
                "over_refusal": None if one.get("over_refusal") is None else float(one["over_refusal"]),
                "n": {aim: int(one["n"][aim]) for aim in AIMS},
                "kept": _kept(one.get("retention")),
                **_gap(report.get("differences", {}).get(label)),
            }
            for label, one in report["models"].items()
        ]
        rows.sort(key=lambda row: -row["minimum"])
        ends = (min(row["minimum_ci"][0] for row in rows), max(row["minimum_ci"][1] for row in rows))
        for row in rows:
            low, high = row["minimum_ci"]
            marks = {"low": low, "point": row["minimum"], "high": high}
            row["plot"] = {name: _percent(value, ends) for name, value in marks.items()}
        line = next(row for row in rows if row["label"] == report["compared_with"])["plot"]["point"]
        return Table(
            rows,
            line=line,
            ends=ends,
            kept=any(row["kept"] for row in rows),
            compared_with=str(report["compared_with"]),
            serves=str(report.get("serves", "")),
            why=str(report.get("why", "")),
            items=min((n for row in rows for n in row["n"].values()), default=0),
            split=str(report.get("split", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        return None


def _gap(one: dict[str, Any] | None) -> dict[str, Any]:
    if one is None:
        return {}
    told = {name: float(one[name]) for name in ("difference", "p", "p_holm")}
    return {**told, "ci": _pair(one["ci"])}


def _kept(shares: dict[str, Any] | None) -> list[float | None]:
    return [float(shares[aim]) if aim in shares else None for aim in AIMS] if shares else []


def _percent(value: float, ends: tuple[float, float]) -> str:
    low, high = ends
    return f"{100 * (value - low) / max(high - low, 1e-6):.1f}"


def _pair(values: Any) -> tuple[float, float]:
    low, high = values
    return float(low), float(high)
