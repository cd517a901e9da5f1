"""Spreadsheets: the first shown sheet, formulas as text, and nothing that costs more than a chat."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile

import openpyxl
import pytest

from bench import hostile
from peersupport.practice.transcripts import TranscriptError, read_transcript
from tests.peersupport.transcripts import saved, with_part, workbook

ROWS = [["Speaker", "Text"], ["Anna", "hello"], ["Ben", "hi"]]
NS = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def said(content: bytes, **options) -> list[tuple[str, str]]:
    transcript = read_transcript(content, filename="a.xlsx", **options)
    return [(turn.speaker, turn.text) for turn in transcript.turns]


def refusal(content: bytes) -> str:
    with pytest.raises(TranscriptError) as raised:
        read_transcript(content, filename="a.xlsx", go_on_after_errors=True)
    return str(raised.value)


def test_a_sheet_with_a_header_is_read_with_its_row_numbers():
    transcript = read_transcript(
        workbook([[], ["id", "Role", "Message"], [1, "Anna", "hello"], [], [2, "Ben", 7]])
    )
    assert [(turn.line, turn.speaker, turn.text) for turn in transcript.turns] == [
        (3, "Anna", "hello"),
        (5, "Ben", "7"),
    ]
    assert transcript.format == "xlsx"


def test_the_sheet_that_is_read_is_said_and_hidden_ones_are_named():
    book = openpyxl.load_workbook(io.BytesIO(workbook(ROWS, sheets={"Notes": "visible", "Names": "hidden"})))
    first = book.create_sheet("Old", 0)
    first.sheet_state = "veryHidden"
    transcript = read_transcript(saved(book))
    assert len(transcript.turns) == 2
    assert transcript.notices == (
        "Read from the sheet “Chat”, the first that is shown.",
        "Other sheets were not read: “Notes”.",
        "Hidden sheets are in the file and were not read: “Old”, “Names”.",
    )


def test_formulas_are_text_and_cells_of_other_kinds_too():
    rows = [
        *ROWS,
        ["Anna", "=HYPERLINK(1)"],
        ["Ben", True],
        ["Ben", 2.5],
    ]
    transcript = read_transcript(workbook(rows))
    assert [turn.text for turn in transcript.turns][2:] == [
        "=HYPERLINK(1)",
        "True",
        "2.5",
    ]
    assert "1 cell holds a formula; it was read as text and not calculated." in transcript.notices


def test_errors_of_rows_are_collected_or_raised():
    content = workbook([*ROWS, [None, "who"], ["Ben", "x" * 20_001], ["Anna", "bye"]])
    transcript = read_transcript(content, go_on_after_errors=True)
    assert [error.line for error in transcript.errors] == [4, 5]
    with pytest.raises(TranscriptError, match="Line 4: The speaker is empty"):
        read_transcript(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook([]), "sheet is empty"),
        (workbook([["a", "b"]]), "no column"),
        (workbook(ROWS)[:-200], "damaged"),
        (b"PK\x03\x04" + b"x" * 500, "damaged"),
        (b"\xd0\xcf\x11\xe0", "old or protected office file"),
        (with_part(workbook(ROWS), "xl/workbook.xml", b"<workbook/>"), "no sheet"),
        (with_part(workbook(ROWS), "xl/worksheets/sheet1.xml", b"<worksheet"), "damaged"),
    ],
)
def test_what_is_no_workbook_is_refused_in_words(content, words):
    assert words in refusal(content)


BOMBS = {
    "zeros": ("xl/media/image1.png", b"\0" * (40 * 1024 * 1024)),
    "styles": ("xl/styles.xml", b"<styleSheet " + NS + b"><cellXfs>" + b"<xf/>" * 70_000),
    "names": ("xl/workbook.xml", b"<workbook " + NS + b"><definedNames>" + b'<definedName name="a"/>' * 3000),
    "deep": ("xl/sharedStrings.xml", b"<a>" * 50_000),
    "attributes": ("xl/sharedStrings.xml", b"<a " + b" ".join(b'a%d=""' % n for n in range(60_000)) + b"/>"),
    "entities": ("xl/sharedStrings.xml", b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><a>&d;</a>'),
    "cells": ("xl/worksheets/sheet1.xml", b"<worksheet " + NS + b"><sheetData><row>" + b"<c/>" * 70_000),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_costs_memory(name):
    content = with_part(workbook(ROWS), *BOMBS[name])
    assert len(content) < 500_000
    tracemalloc.start()
    words = refusal(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "far more than a chat" in words or "damaged" in words
    assert peak < 16 * 1024 * 1024


def test_a_claimed_size_costs_nothing():
    rows = b'<row r="1048576"><c r="XFD1048576"/></row>'
    content = with_part(
        workbook(ROWS),
        "xl/worksheets/sheet1.xml",
        b"<worksheet "
        + NS
        + b'><dimension ref="A1:XFD1048576"/><sheetData>'
        + rows
        + b"</sheetData></worksheet>",
    )
    began = time.monotonic()
    assert "sheet is empty" in refusal(content)
    assert time.monotonic() - began < 5


def test_a_locked_archive_and_other_packings_are_refused():
    """A real spreadsheet that is read as it is, and not with one bit or the packing of its parts changed."""
    plain = workbook(ROWS)
    assert said(plain) == said(repacked(plain, zipfile.ZIP_STORED)) == [("Anna", "hello"), ("Ben", "hi")]
    locked = bytearray(plain)
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert "protected by a password" in refusal(bytes(locked))
    assert "damaged" in refusal(repacked(plain, zipfile.ZIP_LZMA))


def repacked(content: bytes, packing: int) -> bytes:
    """The same parts, packed another way."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", packing) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return out.getvalue()


def test_a_spreadsheet_is_seen_by_its_parts_whatever_its_name():
    assert read_transcript(workbook(ROWS), filename="chat").format == "xlsx"
    with pytest.raises(TranscriptError, match="spreadsheet or archive, not text"):
        read_transcript(workbook(ROWS), format="csv")
    with pytest.raises(TranscriptError, match="not a spreadsheet in XLSX form"):
        read_transcript(b"A: b\n", format="xlsx")


def test_drawn_spreadsheets_are_read_or_refused_in_words():
    from random import Random

    chance = Random(5)
    for _ in range(25):
        content = hostile.spreadsheet(chance)
        words = None
        try:
            turns = read_transcript(content, filename="a.xlsx", go_on_after_errors=True).turns
        except TranscriptError as error:
            turns, words = (), (error.message[-1], error.mend[-1])
        assert turns or words == (".", ".")
