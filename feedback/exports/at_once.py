"""The table of tags as one CSV that is sent while it is read: de-identified, as a worker's file is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from feedback.exports import writers
from feedback.exports.names import Names
from feedback.exports.tables import ROW, TABLES

_TABLE = TABLES["tags"]
_SHOWN = [place for place, column in enumerate(_TABLE.plain) if column != ROW]
COLUMNS = tuple(_TABLE.plain[place].name for place in _SHOWN)


class ExportStopped(Exception):
    """The right to export ended while the file was being sent."""


def tags_csv(allowed: Callable[[], bool] = lambda: True) -> Iterator[str]:
    """The file in blocks, none of them empty: a byte-order mark for spreadsheets and the header, then rows.
    Those are in it who agree to research when it begins.

    `allowed` is asked before each block is read; once it says no, ExportStopped is raised.
    """
    yield "\ufeff" + writers.table_text([COLUMNS])
    blocks = _TABLE.rows(Names(full=False), labelled=False)
    while True:
        if not allowed():
            raise ExportStopped
        block = next(blocks, None)
        if block is None:
            return
        if block:  # of people who do not agree nothing is left
            yield writers.table_text([[row[place] for place in _SHOWN] for row in block])
