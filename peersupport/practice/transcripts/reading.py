"""Read a transcript of any of the four forms; the form is told, or seen from the name and the content."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from peersupport.decoding import to_utf8
from peersupport.practice.transcripts.builder import Builder
from peersupport.practice.transcripts.csv_reader import header_speaks, read_csv
from peersupport.practice.transcripts.jsonl_reader import read_jsonl
from peersupport.practice.transcripts.lines import numbered_lines, open_source
from peersupport.practice.transcripts.text_reader import read_text
from peersupport.practice.transcripts.types import FORMATS, Transcript, TranscriptError
from peersupport.practice.transcripts.xlsx_reader import SUFFIXES, is_xlsx, read_xlsx

_SUFFIXES = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
_READERS = {"csv": read_csv, "jsonl": read_jsonl, "text": read_text}
_NAMES = {"csv": "CSV", "jsonl": "JSON lines", "text": "a chat with speaker labels"}


def read_transcript(
    source: str | Path | bytes,
    *,
    format: str | None = None,
    filename: str = "",
    go_on_after_errors: bool = False,
) -> Transcript:
    """Read a file (path) or an upload (bytes, with its `filename` if known).

    `format`: "csv", "jsonl", "text" or None to guess. Raises TranscriptError with line, message and mend.
    With `go_on_after_errors` lines that cannot be read are left out and told in `errors`, and bytes in
    another encoding are read by a guess that is said; what concerns the whole file is still raised.
    Memory stays bounded: lines over 64 K characters and files over 32 MB are refused while reading.
    """
    if format is not None and format not in FORMATS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}")
    name = filename or ("" if isinstance(source, bytes) else str(source))
    suffix, guess = Path(name).suffix.lower(), ""
    if isinstance(source, bytes) and go_on_after_errors:
        source, guess = to_utf8(source)
    with open_source(source) as stream:
        try:
            if format in (None, "xlsx") and is_xlsx(stream, SUFFIXES[0] if format else suffix):
                builder = Builder("xlsx", go_on_after_errors=go_on_after_errors)
                read_xlsx(stream, builder)
                return builder.transcript()
            if format == "xlsx":
                mend = "Give an XLSX file, or leave the form to be seen from the file."
                raise TranscriptError(0, "This is not a spreadsheet in XLSX form.", mend)
            lines = numbered_lines(stream)
            head = _head(lines)
            chosen, how = (format, "") if format else _guess(head, suffix)
            builder = Builder(chosen, go_on_after_errors=go_on_after_errors)
            if guess:
                builder.notice(guess)
            if how:
                builder.notice(f"Read as {_NAMES[chosen]}, {how}.")
            _READERS[chosen](chain(head, lines), builder)
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise TranscriptError(0, f"The file cannot be read: {reason}.", "Check the file.") from error
    return builder.transcript()


def _head(lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    """The first line that is not blank (readers skip the others); TranscriptError where there is none."""
    for number, line in lines:
        if line.strip():
            return [(number, line)]
    raise TranscriptError(0, "The file is empty.", "Give it at least one line with a speaker and a text.")


def _guess(head: list[tuple[int, str]], suffix: str) -> tuple[str, str]:
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix], ""
    first = head[-1][1].strip()
    if first.startswith("{"):
        return "jsonl", "guessed from its first line"
    if header_speaks(first) or first.lower().startswith("sep="):
        return "csv", "guessed from its first line"
    return "text", "" if suffix in {".txt", ".text", ".md", ".log"} else "guessed from its first line"
