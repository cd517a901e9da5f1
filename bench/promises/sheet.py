"""What a measurement found, and the table of all of them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / "docs" / "promises.json"
PAGE = ROOT / "docs" / "promises.md"
UNDATED = "before 28 Nov 2026"
# Promises that no module here measures: what each says, and what holds it.
ELSEWHERE = {
    1: ("Starts with one command, without Redis and GPU",
        "`make bench` (`bench/__main__.py`): start to ready, message to tags, chat to report"),
    12: ("Access to every object is right", "`tests/test_access_matrix.py`: every address, person and verb"),
    15: ("Exports are safe in a spreadsheet",
         "`tests/feedback/test_exports.py`, `tests/feedback/test_export_files.py`, `bench/exports.py`"),
    22: ("WCAG 2.2 AA, as far as a program can see", "`tests/browser/test_every_page.py`"),
}  # fmt: skip


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


def key(number: int, runner: str, part: str = "") -> str:
    """Of a row in docs/promises.json."""
    return f"{number:02d} {runner} {part}".strip()


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
    rows[key(number, runner, part)] = {
        "number": number,
        "title": title,
        "runner": runner,
        "count": count,
        "seconds": round(seconds),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit(),
        "figures": [asdict(figure) for figure in figures],
    }
    STORE.write_text(json.dumps(dict(sorted(rows.items())), indent=1) + "\n")
    write_page()


def commit() -> str:
    """Of the code that measures: "abc1234", with a "+" where files differ from it; "" outside a checkout."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/promises.*")
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def write_page() -> None:
    PAGE.write_text(page(json.loads(STORE.read_text())))


def page(rows: dict) -> str:
    """docs/promises.md. A row's `earlier` says what the code that made it did otherwise than today's."""
    lines = [
        "# Promises, measured",
        "",
        "Made by `make promises`; do not edit. *embedded*: SQLite, polling workers. *services*: PostgreSQL,",
        "Redis and Celery workers. *size*: what was asked for; what was done stands among the figures.",
        "*when*: the day, and the commit of the code (+: with changes). Measured on two cores.",
        "",
        "| # | promise | on | size | when | figure | measured | limit | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows.values():
        for place, figure in enumerate(row["figures"]):
            head = _head(row) if not place else [""] * 5
            lines.append("| " + " | ".join(str(cell) for cell in (*head, *Figure(**figure).cells())) + " |")
    lines += ["", "## Held elsewhere", "", "| # | promise | where |", "| --- | --- | --- |"]
    lines += [f"| {number} | {title} | {where} |" for number, (title, where) in ELSEWHERE.items()]
    missing = [number for number in numbers() if number not in {row["number"] for row in rows.values()}]
    if missing:
        lines += ["", f"Not measured at its full size yet: {', '.join(map(str, missing))}."]
    return "\n".join(lines) + "\n"


def _head(row: dict) -> tuple:
    title = row["title"]
    if row.get("earlier"):
        title += f"; *made with earlier code: {row['earlier']}*"
    when = ", ".join(part for part in (row.get("date"), row.get("commit")) if part) or UNDATED
    return row["number"], title, row["runner"], f"{row['count']:,}", when


def numbers() -> list[int]:
    """Of the promises that modules beside this one measure."""
    return sorted({int(path.name[1:3]) for path in Path(__file__).parent.glob("p[0-9][0-9]_*.py")})


if __name__ == "__main__":
    write_page()
