"""Looking at the tables before a study is run on them: what is there, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from feedback.evidence.study.columns import TABLES
from feedback.evidence.study.messages import ROLES, Tag
from feedback.evidence.study.pipeline import Files, Report, load, silent
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.reading import first_rows
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import FAMILIES, PREFIX, leaves_of, name_of

SHOWN, WIDEST = 10, 40  # columns, and characters of a cell


def check(
    files: Files, spec: Spec, report: Report = silent, tag: Tag | None = None
) -> tuple[dict[str, Any], Problems]:
    """({"tables", "flow", "notices", "ranges", "counts", "problems", "timezone", "errors", "undone"},
    problems).

    `errors` says what stands in the way of a study, `undone` which families of techniques one made of these
    tables would go without. `tables` are the first rows, long cells cut short, and of a message its length
    alone. `tag` looks at messages, where there are any: which could be read.
    """
    found: dict[str, Any] = {
        "tables": {},
        "flow": {},
        "notices": [],
        "errors": [],
        "undone": [],
        "timezone": spec.timezone,
    }
    problems = Problems()
    for kind in TABLES:
        path = getattr(files, kind)
        if path is None:
            continue
        try:
            rows = first_rows(path, kind)
            found["tables"][kind] = _as_table(_untold(rows) if kind == "messages" else rows)
        except StudyError as error:
            found["errors"].append(str(error))
    if not found["errors"]:
        try:
            made, about, _ = load(
                files, spec, lambda share, words: report(min(share / 0.55, 0.99), words), problems, tag
            )
            found |= about | {"undone": _undone(made)}
        except StudyError as error:
            found["errors"].append(str(error))
    if files.messages is not None:
        by = spec.tagger_version or "the tagger that serves"
        words = f"Techniques are counted by {by} when the study runs"
        found["notices"].append(f"{words}, in the messages of the chats inside a period.")
    for kind, rows in problems.rows_read.items():
        found["tables"][kind]["rows"] = rows
    found["ranges"] = {
        name: [spec.instruments[name].low, spec.instruments[name].high] for name in found["flow"]
    }
    return found | {"counts": problems.counts, "problems": problems.total}, problems


def _undone(made: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Families whose techniques the chats do not count: `family`, their `names`, the `columns` to add."""
    return [
        {
            "family": family,
            "names": [name_of(name) for name in members],
            "columns": [PREFIX + leaf for name in members for leaf in leaves_of(name)],
        }
        for family, members in FAMILIES.items()
        if not any(name in rows for rows in made.values() for name in members)
    ]


def _untold(rows: pd.DataFrame) -> pd.DataFrame:
    """Nothing that could be a message, whatever column it stands in."""
    chat, role, text = (rows[name].astype("string").fillna("") for name in ("chat_id", "role", "text"))
    return rows.assign(
        chat_id=[one if len(one.split()) < 2 else f"no id, {len(one)} characters" for one in chat],
        role=[one if one.strip().lower() in ROLES else f"not known, {len(one)} characters" for one in role],
        text=[f"{len(one)} characters" for one in text],
    )


def _as_table(rows: pd.DataFrame) -> dict[str, Any]:
    """`columns`, `more` (how many are not shown), `first` rows as text."""
    shown = rows.iloc[:, :SHOWN]
    cells = [["" if pd.isna(cell) else str(cell)[:WIDEST] for cell in row] for row in shown.to_numpy(object)]
    return {"columns": list(shown.columns), "more": rows.shape[1] - shown.shape[1], "first": cells}
