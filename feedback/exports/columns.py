"""What a column of an export is: the codebook, the labels and the data dictionary are read off it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from feedback.exports.names import Names

Row = tuple[Any, ...]
Blocks = Callable[[Names], Iterator[list[Row]]]


@dataclass(frozen=True)
class Column:
    """`kind`: text, number, whole, time or yes_no. `labels`: what each code means. `source`: who or what
    wrote the value. `full`: only in a full export, since it holds words of people or leads to them."""

    name: str
    title: str
    meaning: str
    unit: str
    source: str
    kind: str = "text"
    labels: Mapping[str, Any] = field(default_factory=dict)
    full: bool = False
    version: str = "1"  # of the column's meaning: another meaning is another version


@dataclass(frozen=True)
class Table:
    """`rows_held()`: what is gone through, row by row; `blocks(names)`: the rows in blocks, with a value
    for every column of `columns`, also for those that only a full export shows."""

    key: str
    title: Any
    about: Any
    columns: tuple[Column, ...]
    rows_held: Callable[[], QuerySet]
    blocks: Blocks
    people: bool = True  # whether rows are about volunteers, and so only of those who agree

    def shown(self, full: bool) -> tuple[Column, ...]:
        return self.columns if full else self.plain

    @cached_property
    def plain(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.full)

    def rows(self, names: Names, *, labelled: bool) -> Iterator[list[Row]]:
        """Blocks of rows of the columns that are shown; codes in words where `labelled`."""
        shown = self.shown(names.full)
        places = [self.columns.index(column) for column in shown]
        whole = len(places) == len(self.columns)
        worded = {
            place: {code: str(word) for code, word in column.labels.items()}
            for place, column in enumerate(shown)
            if labelled and column.labels
        }
        for block in self.blocks(names):
            rows = block if whole else [tuple(row[place] for place in places) for row in block]
            yield [_worded(row, worded) for row in rows] if worded else rows


def _worded(row: Row, worded: Mapping[int, Mapping[str, str]]) -> Row:
    cells = list(row)
    for place, words in worded.items():
        cells[place] = words.get(cells[place], cells[place])
    return tuple(cells)
