"""Looks through a spreadsheet file before anything of it is loaded: by what comes out, not by what it says.

A few kilobytes can unpack to gigabytes, and a few megabytes of empty elements become a hundred times as much
in the memory of a library that makes an object of each. Every part is unpacked and parsed once here, piece
by piece, against limits on bytes, elements, depth and the length of one tag. What remains is a workbook
without styles, pictures and properties: a chat needs none, and a library can take minutes over styles.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO
from xml.parsers import expat

from peersupport.practice.transcripts.types import TooMuchError, TranscriptError

MAX_FILE = 4 * 1024 * 1024
MAX_UNPACKED = 16 * 1024 * 1024
MAX_PARTS = 500
MAX_ELEMENTS = 60_000
MAX_FRAME = 2_000  # elements of a part that names sheets or parts: each costs far more than a cell
MAX_DEPTH = 64
MAX_TAG = 128 * 1024  # bytes of one tag with its attributes
_CHUNK = 65_536
_FRAME = {"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
AS_CSV = "Save the sheet as CSV in UTF-8 and try again."


def damaged() -> TranscriptError:
    return TranscriptError(0, "The spreadsheet is damaged or not a whole XLSX file.", AS_CSV)


def checked(stream: BinaryIO) -> io.BytesIO:
    """The workbook with the parts that hold cells, unpacked. Raises TranscriptError where it is too much."""
    if stream.seek(0, 2) > MAX_FILE:
        message = f"The spreadsheet is larger than {MAX_FILE // (1024 * 1024)} MB."
        raise TooMuchError(0, message, "Copy the one chat into a sheet of its own.")
    try:
        with zipfile.ZipFile(stream) as archive:
            return _parts(archive)
    except TranscriptError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError):
        raise damaged() from None


def _parts(archive: zipfile.ZipFile) -> io.BytesIO:
    count, parts = _Count(), archive.infolist()
    kept = io.BytesIO()
    if len(parts) > MAX_PARTS:
        raise _too_much()
    with zipfile.ZipFile(kept, "w") as target:
        for part in parts:
            _part(archive, part, target if _holds_cells(part.filename) else None, count)
    kept.seek(0)
    return kept


def _holds_cells(name: str) -> bool:
    return name in _FRAME or name.startswith("xl/worksheets/") or name.lower() == "xl/sharedstrings.xml"


def _part(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, target: zipfile.ZipFile | None, count: _Count
) -> None:
    if part.flag_bits & 1:
        raise TranscriptError(0, "The spreadsheet is protected by a password.", AS_CSV)
    if part.compress_type not in _PLAIN:
        raise damaged()
    with archive.open(part) as member:
        chunks = count.part(member, MAX_FRAME if part.filename in _FRAME else MAX_ELEMENTS)
        if target is None:
            for _ in chunks:
                pass
            return
        with target.open(part.filename, "w") as copy:
            for chunk in chunks:
                copy.write(chunk)


def _too_much() -> TooMuchError:
    message = "The spreadsheet holds far more than a chat: too many cells, styles or pictures."
    return TooMuchError(0, message, "Copy the two columns into a new sheet, or save it as CSV in UTF-8.")


class _Count:
    """Bytes and elements over all parts; depth within one."""

    def __init__(self) -> None:
        self._bytes = self._elements = self._depth = self._most = 0

    def part(self, member: IO[bytes], most: int) -> Iterator[bytes]:
        """The bytes of the part, each looked at before it is given on."""
        self._depth, self._most = 0, min(MAX_ELEMENTS, self._elements + most)
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        is_xml, fed = True, 0
        while chunk := member.read(_CHUNK):
            self._bytes += len(chunk)
            if self._bytes > MAX_UNPACKED:
                raise _too_much()
            if is_xml:
                is_xml = self._parse(parser, chunk)
                fed += len(chunk)
                if is_xml and fed - max(0, parser.CurrentByteIndex) > MAX_TAG:
                    raise _too_much()
            yield chunk

    @staticmethod
    def _parse(parser, chunk: bytes) -> bool:
        """False for a picture, or a part that is broken: a later parser ends at the same place."""
        try:
            parser.Parse(chunk, False)
        except expat.ExpatError:
            return False
        return True

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._elements > self._most or self._depth > MAX_DEPTH:
            raise _too_much()

    def _end(self, name: str) -> None:
        self._depth -= 1

    def _doctype(self, *declared) -> None:
        # Entities are what a DOCTYPE is for, and no spreadsheet program writes one.
        raise damaged()
