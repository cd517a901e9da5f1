"""Rows into a file: CSV, XLSX or JSON lines, never more than a block of them in memory; and back. (Some
thousand rows may be a PDF: see `paper`.)

Text that a spreadsheet would run as a formula gets an apostrophe in CSV and XLSX; numbers stay numbers. What
`read_back` reads is what was written, but for the kinds that a format lacks (CSV holds text alone).
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from feedback.exports import paper
from feedback.exports.cells import cell, plain_cell, safe_cell
from feedback.exports.columns import Row

BESIDE = ("codebook.csv", "redcap_dictionary.csv", "README.txt")  # what lies in the archive with the data
SHEET_ROWS = 1_048_575  # of a worksheet, below its header
# What XML cannot hold; openpyxl refuses it.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_SUSPECT = frozenset("=+-@\t\r'")  # how text begins that `safe_cell` may have to change

Write = Callable[[Iterable[Row]], None]


def _safe(value: Any) -> Any:
    kind = type(value)  # there are millions of them: the common ones first
    if kind is str:
        return safe_cell(value) if value[:1] in _SUSPECT else value
    if value is None or kind is int or kind is float:
        return value
    return _safe(cell(value))


@contextmanager
def writing(archive: ZipFile, name: str, form: str, header: Sequence[str], *, bom: bool, beside: Path):
    """Gives a function that takes rows. `beside`: a folder for what must be written before it is packed; who
    gave it takes it away."""
    with _WRITERS[form](archive, name, header, bom, beside) as write:
        yield write


@contextmanager
def _csv(archive: ZipFile, name: str, header: Sequence[str], bom: bool, beside: Path) -> Iterator[Write]:
    with archive.open(f"{name}.csv", "w", force_zip64=True) as raw:
        text = io.TextIOWrapper(raw, "utf-8-sig" if bom else "utf-8", newline="", write_through=False)
        out = csv.writer(text)
        out.writerow(header)
        try:
            yield lambda rows: out.writerows([_safe(value) for value in row] for row in rows)
        finally:
            text.detach()


@contextmanager
def _jsonl(archive: ZipFile, name: str, header: Sequence[str], bom: bool, beside: Path) -> Iterator[Write]:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with archive.open(f"{name}.jsonl", "w", force_zip64=True) as raw:

        def write(rows: Iterable[Row]) -> None:
            lines = [encode(dict(zip(header, map(cell, row), strict=True))) for row in rows]
            raw.write(("\n".join(lines) + "\n").encode() if lines else b"")

        yield write


@contextmanager
def _xlsx(archive: ZipFile, name: str, header: Sequence[str], bom: bool, beside: Path) -> Iterator[Write]:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    state: dict[str, Any] = {"left": 0, "sheet": None}

    def begin_sheet() -> None:
        title = name if not book.worksheets else f"{name} {len(book.worksheets) + 1}"
        state["sheet"], state["left"] = book.create_sheet(title), SHEET_ROWS
        with _temporary_files_in(beside):
            state["sheet"].append(list(header))

    def write(rows: Iterable[Row]) -> None:
        for row in rows:
            if not state["left"]:
                begin_sheet()
            state["sheet"].append([_xml(value) for value in row])
            state["left"] -= 1

    try:
        yield write
    except BaseException:
        for sheet in book.worksheets:
            sheet.close()  # while its file is there
        raise
    if not book.worksheets:
        begin_sheet()
    path = beside / f"{name}.xlsx"
    book.save(path)
    archive.write(path, f"{name}.xlsx", compress_type=ZIP_STORED)  # it is packed already


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """openpyxl asks `tempfile` for the file of a sheet, and leaves it there when an export breaks off."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _xml(value: Any) -> Any:
    value = _safe(value)
    return _NOT_IN_XML.sub("\ufffd", value) if isinstance(value, str) else value


_WRITERS = {"csv": _csv, "xlsx": _xlsx, "jsonl": _jsonl, "pdf": paper.writing}


def new_archive(path: Path) -> ZipFile:
    return ZipFile(path, "w", compression=ZIP_DEFLATED, compresslevel=1, allowZip64=True)


def table_text(rows: Iterable[Row]) -> str:
    """A small table as CSV, for what lies beside the data."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_safe(value) for value in row] for row in rows)
    return text.getvalue()


def read_back(path: Path) -> Iterator[list[Any]]:
    """The header and the rows of an export that is no PDF. CSV gives text, with nothing as ""."""
    with ZipFile(path) as archive:
        [name] = [name for name in archive.namelist() if name not in BESIDE]
        with archive.open(name) as raw:
            if name.endswith(".csv"):
                for row in csv.reader(io.TextIOWrapper(raw, "utf-8-sig", newline="")):
                    yield [plain_cell(value) for value in row]
            elif name.endswith(".jsonl"):
                lines = (json.loads(line) for line in raw)
                for number, line in enumerate(lines):
                    if not number:
                        yield list(line)
                    yield list(line.values())
            else:
                yield from _read_xlsx(raw)


def _read_xlsx(raw) -> Iterator[list[Any]]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(raw.read()), read_only=True)
    for number, sheet in enumerate(book.worksheets):
        for place, row in enumerate(sheet.iter_rows(values_only=True)):
            if place or not number:
                yield [plain_cell(value) if isinstance(value, str) else value for value in row]
