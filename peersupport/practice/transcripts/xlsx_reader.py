"""XLSX: the first visible sheet, with a speaker and a text column. Formulas are read as text, never run."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

from peersupport.practice.transcripts import workbook_check
from peersupport.practice.transcripts.builder import Builder
from peersupport.practice.transcripts.columns import find_columns
from peersupport.practice.transcripts.csv_reader import short_row
from peersupport.practice.transcripts.types import MAX_TURNS, TooMuchError, TranscriptError

MAGIC = b"PK\x03\x04"
SUFFIXES = (".xlsx", ".xlsm")
MAX_COLUMNS = 50
MAX_BLANK_ROWS = 10_000  # in a row: a sheet can claim a million


def is_xlsx(stream: BinaryIO, suffix: str) -> bool:
    """Whether the stream is a spreadsheet, by its name or by its parts; leaves it at its beginning."""
    head = stream.read(len(MAGIC))
    stream.seek(0)
    if head != MAGIC:
        return False
    if suffix in SUFFIXES or stream.seek(0, 2) > workbook_check.MAX_FILE:
        stream.seek(0)
        return suffix in SUFFIXES
    try:
        with zipfile.ZipFile(stream) as archive:
            return "xl/workbook.xml" in archive.NameToInfo
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError):
        return False
    finally:
        stream.seek(0)


def read_xlsx(stream: BinaryIO, builder: Builder) -> None:
    """Feed every row of the first visible sheet to `builder`. Line numbers are the sheet's row numbers."""
    workbook = _workbook(workbook_check.checked(stream))
    try:
        _rows(_cells(_sheet(workbook, builder)), builder)
    finally:
        workbook.close()


def _workbook(stream: BinaryIO) -> Any:
    import openpyxl  # here, since most processes read no spreadsheet

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(stream, read_only=True, keep_links=False)
    except Exception:  # what it raises on a damaged file is not documented: KeyError, TypeError, ...
        raise workbook_check.damaged() from None


def _sheet(workbook: Any, builder: Builder) -> Any:
    sheets = workbook.worksheets
    if not sheets:
        raise TranscriptError(0, "The spreadsheet has no sheet with cells.", workbook_check.AS_CSV)
    used = next((sheet for sheet in sheets if sheet.sheet_state == "visible"), sheets[0])
    hidden = [sheet.title for sheet in sheets if sheet is not used and sheet.sheet_state != "visible"]
    others = [sheet.title for sheet in sheets if sheet is not used and sheet.sheet_state == "visible"]
    builder.notice(f"Read from the sheet {_named([used.title])}, the first that is shown.")
    if others:
        builder.notice(f"Other sheets were not read: {_named(others)}.")
    if hidden:
        builder.notice(f"Hidden sheets are in the file and were not read: {_named(hidden)}.")
    return used


def _named(titles: list[str]) -> str:
    shown = ", ".join(f"“{str(title)[:31]}”" for title in titles[:8])
    return f"{shown} and {len(titles) - 8} more" if len(titles) > 8 else shown


def _cells(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(row number, values); damage that shows only while reading is said like any other."""
    sheet.reset_dimensions()  # what the file says of its size may be a lie
    rows = enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), start=1)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                number, row = next(rows)
        except StopIteration:
            return
        except Exception:
            raise workbook_check.damaged() from None
        yield number, row


def _rows(rows: Iterator[tuple[int, tuple[Any, ...]]], builder: Builder) -> None:
    names: list[str] = []
    speaker = text = blank = formulas = 0
    for number, row in rows:
        if not any(value not in (None, "") for value in row):
            blank += 1
            if blank > MAX_BLANK_ROWS:
                break
            continue
        blank = 0
        if number > 4 * MAX_TURNS:
            raise TooMuchError(number, "The sheet has too many rows.", "Split it and read the parts.")
        cells = [as_text(value) for value in row]
        if not names:
            names = cells
            speaker, text = find_columns(names, number)
            continue
        if len(cells) <= max(speaker, text):
            builder.fault(short_row(number, len(cells), len(names)))
            continue
        formulas += sum(cells[at].startswith("=") for at in (speaker, text))
        with builder.line():
            builder.add(number, cells[speaker], cells[text])
    if not names:
        raise TranscriptError(0, "The sheet is empty.", "Put “speaker” and “text” in its first row.")
    if formulas:
        plural = "s hold formulas; they" if formulas > 1 else " holds a formula; it"
        builder.notice(
            f"{formulas} cell{plural} were read as text and not calculated.".replace("it were", "it was")
        )


def as_text(value: Any) -> str:
    """A cell's value as text: numbers without ".0", formulas as they are written. A date is known as one
    by its style alone, which is not read: it comes as its number."""
    if value is None:
        return ""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(getattr(value, "text", value)).replace("_x000D_", "")
