"""Transcripts for the tests of their pages: pasted ones, spreadsheets, drafts, imported chats."""

from __future__ import annotations

import io
import zipfile

import openpyxl

from peersupport.practice import drafts, imports
from peersupport.practice.models import PracticeChat, TranscriptDraft

PASTED = """Robin: Hi, welcome. What would you like to talk about today?
Kim: hi. its work mostly, write me at kim@example.org
Robin: It sounds like this has been wearing you down for weeks.
Kim: sometimes I think everyone would be better off without me
Robin: You should just tell them no.
"""


def draft(owner, text: str = PASTED) -> TranscriptDraft:
    return drafts.make(owner, text.encode())


def imported(owner, text: str = PASTED, **options) -> PracticeChat:
    return imports.confirm(draft(owner, text), **options)


def workbook(rows, *, sheets: dict[str, str] | None = None) -> bytes:
    """An XLSX file with the rows in its first sheet; `sheets`: titles of further ones and their state."""
    book = openpyxl.Workbook()
    book.active.title = "Chat"
    for row in rows:
        book.active.append(row)
    for title, state in (sheets or {}).items():
        book.create_sheet(title).sheet_state = state
    return saved(book)


def saved(book) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The XLSX file with one of its parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for other in old.namelist():
            if other != name:
                new.writestr(other, old.read(other))
        new.writestr(name, part)
    return out.getvalue()
