"""What is wrong with the data that somebody brings, in words that say what to do."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

MOST_KEPT = 10_000  # rows of errors.csv; all are counted


class StudyError(Exception):
    """The study, or one part of it, cannot be done with these data; the message says why and what to do."""


@dataclass(frozen=True)
class Problem:
    """One cell or row. `line` counts the header as 1; 0 stands for the file as a whole."""

    file: str
    line: int
    column: str
    what: str
    todo: str


@dataclass
class Problems:
    """Collects problems in the order they are met: the first MOST_KEPT are kept, all are counted."""

    rows: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    rows_read: dict[str, int] = field(default_factory=dict)  # table -> rows, the bad ones too

    def add(self, file: str, line: int, column: str, what: str, todo: str) -> None:
        self.add_many(file, [line], column, what, todo)

    def add_many(self, file: str, lines, column: str, what: str, todo: str) -> None:
        key = f"{file}: {what}"
        self.counts[key] = self.counts.get(key, 0) + len(lines)
        for line in lines[: max(0, MOST_KEPT - len(self.rows))]:
            self.rows.append(Problem(file, int(line), column, what, todo))

    def join(self, other: Problems) -> None:
        """Takes what another collected, but for the rows that it read."""
        self.rows += other.rows[: max(0, MOST_KEPT - len(self.rows))]
        for key, n in other.counts.items():
            self.counts[key] = self.counts.get(key, 0) + n

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def write(self, path: Path) -> None:
        """errors.csv: file, line, column, what, todo; never a cell of the data."""
        with path.open("w", encoding="utf-8", newline="") as handle:
            rows = csv.writer(handle)
            rows.writerow(["file", "line", "column", "what", "todo"])
            rows.writerows([r.file, r.line, _inert(r.column), r.what, r.todo] for r in self.rows)


def _inert(name: str) -> str:
    """A column's name comes from the file: what a spreadsheet would run gets an apostrophe."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
