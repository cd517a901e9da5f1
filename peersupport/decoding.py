"""Text whose encoding is not marked: told from the bytes where that is possible, and said."""

from __future__ import annotations

import codecs
import re

PASTE = "Copy the text of the chat and paste it."
NOT_TEXT = (
    (b"PK\x03\x04", "This is a spreadsheet or archive, not text.", "Save it as CSV in UTF-8 and try again."),
    (
        b"\xd0\xcf\x11\xe0",
        "This is an old or protected office file, not text.",
        "Save it as CSV in UTF-8 and try again.",
    ),
    (b"%PDF", "This is a PDF, not text.", "Copy its text into a .txt file saved as UTF-8 and try again."),
    (b"\x89PNG", "This is a picture, not text.", PASTE),
    (b"\xff\xd8\xff", "This is a picture, not text.", PASTE),
    (b"\x1f\x8b", "This is a compressed file, not text.", "Unpack it first and try again."),
)
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LOOK = 4096  # bytes that decide


def to_utf8(content: bytes) -> tuple[bytes, str]:
    """(content in UTF-8, a sentence for the reader): both unchanged and "" where nothing had to be guessed.

    What is marked, valid UTF-8 or no text at all is left to the reader, which refuses it in words. UTF-16
    without its mark is seen from every second byte being zero; anything else that has no control characters
    is taken as Windows-1252, the usual 8-bit encoding of Western European files.
    """
    if content.startswith((*_MARKS, *(magic for magic, _, _ in NOT_TEXT))):
        return content, ""
    head = content[:_LOOK]
    for encoding, zeros, others in (
        ("utf-16-le", head[1::2], head[::2]),
        ("utf-16-be", head[::2], head[1::2]),
    ):
        if len(zeros) > 1 and zeros.count(0) > 0.9 * len(zeros) and others.count(0) == 0:
            return _decoded(content, encoding, "UTF-16 without its mark")
    try:
        content.decode("utf-8")
        return content, ""
    except UnicodeDecodeError:
        pass
    if _CONTROL.search(content):
        return content, ""
    return _decoded(content, "cp1252", "Windows-1252")


def _decoded(content: bytes, encoding: str, name: str) -> tuple[bytes, str]:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return content, ""
    return text.encode("utf-8"), (
        f"The file is not in UTF-8. It was read as {name}, a guess: check letters with accents."
    )
