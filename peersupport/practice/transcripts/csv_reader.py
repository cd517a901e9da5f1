"""CSV of any usual dialect: the delimiter is the one that makes the header speak."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from peersupport.practice.transcripts.builder import Builder
from peersupport.practice.transcripts.columns import SPEAKER_NAMES, TEXT_NAMES, find_columns, pick
from peersupport.practice.transcripts.types import TranscriptError

DELIMITERS = ",;\t|"
_HEADER_CELL = re.compile(r"^[\w .-]{1,30}$")


def header_speaks(line: str) -> bool:
    """Whether the line looks like a header: plain words, one of them a known column name."""
    names = _cells(line, *_dialect(line))
    known = any(pick(names, wanted) is not None for wanted in (SPEAKER_NAMES, TEXT_NAMES))
    return len(names) > 1 and known and all(_HEADER_CELL.match(name) for name in names)


def read_csv(lines: Iterable[tuple[int, str]], builder: Builder) -> None:
    """Feed every row to `builder`; quoted cells may run over several lines."""
    lines = iter(lines)
    number, header = next(((n, text) for n, text in lines if text.strip()), (1, ""))
    forced = ""
    if header.strip().lower().startswith("sep=") and len(header.strip()) == 5:
        forced = header.strip()[-1]
        number, header = next(((n, text) for n, text in lines if text.strip()), (number, ""))
    delimiter, quote = _dialect(header)
    delimiter = forced or delimiter
    names = _cells(header, delimiter, quote)
    speaker, text = find_columns(names, number)
    feed = _Feed(lines, number)
    spaced = f"{delimiter} " in header  # "speaker, text": rows are then written with the space as well
    rows = csv.reader(feed, delimiter=delimiter, quotechar=quote, skipinitialspace=spaced, strict=True)
    joined = 0
    while True:
        start = feed.number + 1
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:  # the next row begins at the next line
            builder.fault(_csv_error(start, str(error)))
            continue
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(names) and text == len(names) - 1:
            row[text:] = [delimiter.join(row[text:])]
            joined += 1
        if len(row) <= max(speaker, text):
            builder.fault(short_row(start, len(row), len(names)))
            continue
        with builder.line():
            builder.add(start, row[speaker], row[text])
    if joined:
        builder.notice(f"{joined} rows had more cells than the header; the rest was taken as text.")


def short_row(line: int, have: int, named: int) -> TranscriptError:
    message = f"The row has {have} cells where the header names {named}."
    mend = "Give each row a speaker and a text; put text that runs over lines in quotes."
    return TranscriptError(line, message, mend)


class _Feed:
    """Hands lines to csv.reader and remembers the number of the last one, so that errors name the first."""

    def __init__(self, lines: Iterator[tuple[int, str]], number: int) -> None:
        self.lines, self.number = lines, number

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        self.number, line = next(self.lines)
        return line + "\n"


def _dialect(header: str) -> tuple[str, str]:
    """(delimiter, quote character): the delimiter that finds most of the two columns, then most cells."""
    quote = "'" if header.lstrip().startswith("'") else '"'

    def worth(delimiter: str) -> tuple[int, int]:
        cells = _cells(header, delimiter, quote)
        return sum(pick(cells, names) is not None for names in (SPEAKER_NAMES, TEXT_NAMES)), len(cells)

    return max(DELIMITERS, key=worth), quote


def _cells(line: str, delimiter: str, quote: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote, skipinitialspace=True), [])
    except csv.Error:
        return []


def _csv_error(line: int, reason: str) -> TranscriptError:
    if "expected after" in reason:
        message = "There is text after a closing quote."
        return TranscriptError(line, message, 'Write a quote inside quoted text twice ("").')
    message = "A quote is opened here and never closed."
    mend = 'Close it, or write a quote inside quoted text twice ("").'
    return TranscriptError(line, message, mend)
