"""Lines of a file, decoded and numbered, without ever holding more than one over-long line's beginning."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from peersupport.decoding import NOT_TEXT
from peersupport.practice.transcripts.types import MAX_BYTES, MAX_LINE, TranscriptError

CHUNK = 65_536
SAVE_AS_UTF8 = "Save the file as UTF-8 (in a spreadsheet: “CSV UTF-8”) and try again."
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def open_source(source: str | Path | bytes) -> BinaryIO:
    """A binary stream over a path or over bytes; TranscriptError where a path cannot be opened."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return Path(source).open("rb")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        message = f"The file cannot be opened: {reason}."
        raise TranscriptError(0, message, "Check its name and rights.") from error


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """(number, line without its end) from 1; accepts LF, CRLF and CR, UTF-8 (with or without BOM), UTF-16
    with BOM. Raises TranscriptError for another encoding, NUL, an over-long line or an over-long file."""
    first = stream.read(CHUNK)
    encoding, skip = _encoding(first)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    number, rest, size, chunk = 1, "", 0, first[skip:]
    while True:
        size += len(chunk)
        if size > MAX_BYTES:
            message = f"The file is longer than {MAX_BYTES // (1024 * 1024)} MB."
            raise TranscriptError(number, message, "Split it and read the parts.")
        text = rest + _decode(decoder, chunk, number)
        held = "\r" if chunk and text.endswith("\r") else ""  # may be the first half of CRLF
        *lines, rest = _split(text.removesuffix(held))
        rest += held
        for line in lines:
            yield number, _checked(line, number)
            number += 1
        _checked(rest, number)
        if not chunk:
            break
        chunk = stream.read(CHUNK)
    if rest:
        yield number, rest


def _encoding(first: bytes) -> tuple[str, int]:
    for magic, message, mend in NOT_TEXT:
        if first.startswith(magic):
            raise TranscriptError(0, message, mend)
    for bom, encoding in _BOMS:
        if first.startswith(bom):
            if not encoding:
                raise TranscriptError(1, "The file is written in UTF-32.", SAVE_AS_UTF8)
            return encoding, len(bom)
    return "utf-8", 0


def _decode(decoder: codecs.IncrementalDecoder, chunk: bytes, number: int) -> str:
    try:
        return decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
        message = "The file is not in UTF-8: a byte here fits no character."
        raise TranscriptError(number + before, message, SAVE_AS_UTF8) from None


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _checked(line: str, number: int) -> str:
    if len(line) > MAX_LINE:
        message = f"The line is longer than {MAX_LINE:,} characters."
        raise TranscriptError(number, message, "Put one message on each line; split or shorten this one.")
    if "\0" in line:
        message = "The line holds a NUL character; this may be UTF-16 without its mark, or not a text file."
        raise TranscriptError(number, message, SAVE_AS_UTF8)
    return line
