"""What reading a transcript gives, and the limits it keeps."""

from __future__ import annotations

from dataclasses import dataclass

MAX_LINE = 65_536  # characters of one line; a longer one is refused before the rest of it is read
MAX_BYTES = 32 * 1024 * 1024  # of the whole file
MAX_TURNS = 50_000
MAX_MESSAGE = 20_000  # characters of one message, continuation lines included
MAX_SPEAKER = 60
MAX_SPEAKERS = 50
MAX_ERRORS = 50  # of single lines, where reading goes on after one

FORMATS = ("csv", "jsonl", "text", "xlsx")


class TranscriptError(ValueError):
    """The file cannot be read. Never holds a word of a message.

    `line` counts from 1; 0 means the file as a whole. `message` says what is wrong, `mend` what to do.
    """

    def __init__(self, line: int, message: str, mend: str) -> None:
        where = f"Line {line}: " if line else ""
        super().__init__(f"{where}{message} {mend}")
        self.line = line
        self.message = message
        self.mend = mend


class TooMuchError(TranscriptError):
    """A limit of the whole file: reading ends even where it goes on after the error of a line."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message; `line` is where it starts in the file, counted from 1."""

    line: int
    speaker: str
    text: str


@dataclass(frozen=True)
class Transcript:
    """Messages in order. `speakers` in order of first appearance; `notices` are sentences for the reader;
    `errors` are those of lines left out, where reading was asked to go on after them."""

    turns: tuple[Utterance, ...]
    speakers: tuple[str, ...]
    notices: tuple[str, ...]
    format: str
    errors: tuple[TranscriptError, ...] = ()
