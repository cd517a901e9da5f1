"""What a study leaves behind: result.json, its tables as CSV, its plots as SVG, errors.csv."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from feedback.evidence.study import plots, words
from feedback.evidence.study.placing import place
from feedback.evidence.study.problems import Problems
from feedback.evidence.study.techniques import FAMILIES, name_of


def write(
    result: dict[str, Any], problems: Problems, folder: Path, pages: Mapping[str, str] | None = None
) -> list[str]:
    """All files of a result and the `pages` given (name -> text), in place of an earlier run of the same
    study; returns the names. Raises StudyError where the folder holds another study."""

    def written(new: Path) -> list[str]:
        for name, text in (pages or {}).items():
            (new / name).write_text(text, encoding="utf-8")
        return [*_written(result, problems, new), *(pages or {})]

    return place(folder, result["title"], written, lambda: result["data_sha256"])


def _written(result: dict[str, Any], problems: Problems, folder: Path) -> list[str]:
    made = ["result.json"]
    (folder / "result.json").write_text(as_text(result) + "\n", encoding="utf-8")
    for name, rows in _tables(result):
        _csv(folder / f"{name}.csv", rows)
        made.append(f"{name}.csv")
    for name, svg in drawn(result):
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        made.append(f"{name}.svg")
    if problems.total:
        problems.write(folder / "errors.csv")
        made.append("errors.csv")
    return made


def as_text(result: dict[str, Any]) -> str:
    """The result as JSON, in its own order."""
    return json.dumps(plain(result), indent=1, ensure_ascii=False, allow_nan=False)


def slug(instrument: str) -> str:
    """For the names of files; no two instruments have the same."""
    plain = re.sub(r"[^a-z0-9]+", "-", instrument.lower()).strip("-")
    if plain.upper() == instrument:  # such as PHQ-9
        return plain
    return f"{plain}-{hashlib.sha256(instrument.encode()).hexdigest()[:6]}".strip("-")


def drawn(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, SVG) of every plot that the result has the figures for."""
    for instrument, part in result["rq1"].items():
        if "terms" in part:
            yield (
                f"love-{slug(instrument)}",
                plots.love(f"Balance before and after matching, {instrument}", part["balance"]),
            )
            if part["dose"]:
                yield (
                    f"dose-{slug(instrument)}",
                    plots.dose(f"Change by number of chats, {instrument} (unadjusted)", part["dose"]),
                )
            rows = [
                (words.term(name), term["beta"], *term["ci"])
                for name, term in part["terms"].items()
                if name != "const"
            ]
            yield f"forest-rq1-{slug(instrument)}", plots.forest(f"Matched periods, {instrument}", rows)
    for instrument, families in result["rq2"].items():
        rows = [
            (name_of(name), part["terms"][name]["beta"], *part["terms"][name]["ci"])
            for family, part in families.items()
            for name in FAMILIES[family]
            if name in part.get("terms", {})
        ]
        if rows:
            title, axis = (
                f"Techniques, {instrument}",
                "points per +1 SD of use; left of the line: lower scores",
            )
            yield f"forest-rq2-{slug(instrument)}", plots.forest(title, rows, axis)


def _tables(result: dict[str, Any]) -> Iterator[tuple[str, list[list[Any]]]]:
    head = ["term", "beta", "se", "df", "p", "ci_low", "ci_high", "bootstrap_low", "bootstrap_high"]
    for instrument, part in result["rq1"].items():
        if "terms" in part:
            yield f"rq1-{slug(instrument)}", [head, *_terms(part)]
            rows = [[name, row["before"], row["after"]] for name, row in part["balance"].items()]
            yield f"balance-{slug(instrument)}", [["covariate", "before_percent", "after_percent"], *rows]
    for instrument, families in result["rq2"].items():
        for family, part in families.items():
            if "terms" in part:
                more = [*head, "vif", "survives_bh"]
                rows = [
                    [*row, part["vif"].get(row[0], ""), part["terms"][row[0]].get("survives_bh", "")]
                    for row in _terms(part)
                ]
                yield f"rq2-{slug(instrument)}-{family}", [more, *rows]
    flow = [[instrument, *step] for instrument, steps in result["flow"].items() for step in steps.items()]
    yield "flow", [["instrument", "step", "n"], *flow]


def _terms(part: dict[str, Any]) -> Iterator[list[Any]]:
    for name, term in part["terms"].items():
        again = part["bootstrap"].get(name, ["", ""])
        yield [name, term["beta"], term["se"], term["df"], term["p"], *term["ci"], *again]


def _csv(path: Path, rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(rows)


def plain(value: Any) -> Any:
    """The value as JSON can hold it: it has no NaN, null stands for it."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return value.replace("\0", "")  # PostgreSQL keeps none
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
