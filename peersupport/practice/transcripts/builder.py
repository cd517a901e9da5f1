"""Collects messages while a reader runs, keeps the limits, and ends in a Transcript."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from peersupport.practice.transcripts.types import (
    MAX_ERRORS,
    MAX_MESSAGE,
    MAX_SPEAKER,
    MAX_SPEAKERS,
    MAX_TURNS,
    TooMuchError,
    Transcript,
    TranscriptError,
    Utterance,
)


class Builder:
    """`go_on_after_errors`: the error of a line is kept and the line left out; else it is raised."""

    def __init__(self, format: str, *, go_on_after_errors: bool = False) -> None:
        self.format = format
        self.errors: list[TranscriptError] = []
        self._collects = go_on_after_errors
        self.started = False
        self._turns: list[Utterance] = []
        self._speakers: dict[str, str] = {}
        self._notices: list[str] = []
        self._empty = 0
        self._open: tuple[int, str, list[str]] | None = None

    def notice(self, text: str) -> None:
        self._notices.append(text)

    def fault(self, error: TranscriptError) -> None:
        """Keep the error of a line, or raise it; too many of them are one of the whole file."""
        if not self._collects or isinstance(error, TooMuchError):
            raise error
        if len(self.errors) >= MAX_ERRORS:
            message = f"More than {MAX_ERRORS} lines cannot be read; the first is line {self.errors[0].line}."
            raise TooMuchError(0, message, f"{self.errors[0].message} {self.errors[0].mend}")
        self.errors.append(error)

    @contextmanager
    def line(self) -> Iterator[None]:
        """Around what is done for one line: its error goes to `fault`."""
        try:
            yield
        except TranscriptError as error:
            self.fault(error)

    def add(self, line: int, speaker: str, text: str, *, empty_goes_on: bool = False) -> None:
        """Start a message. `empty_goes_on`: a label alone on its line waits for the lines below it."""
        self._close()
        self.started = True
        name = self._speaker(line, speaker)
        if text.strip() or empty_goes_on:
            self._open = (line, name, [text])
        else:
            self._empty += 1

    def go_on(self, text: str) -> bool:
        """Add a line to the open message; False where there is none."""
        if self._open is None:
            return False
        self._open[2].append(text)
        return True

    def transcript(self) -> Transcript:
        self._close()
        if not self._turns:
            if self.errors:
                raise self.errors[0]
            mend = "Give it at least one line with a speaker and a text."
            raise TranscriptError(0, "The transcript is empty: there is no message in it.", mend)
        if self._empty:
            plural = "s" if self._empty > 1 else ""
            self.notice(f"{self._empty} message{plural} without text left out.")
        spoke = {turn.speaker for turn in self._turns}
        speakers = tuple(name for name in self._speakers.values() if name in spoke)
        return Transcript(tuple(self._turns), speakers, tuple(self._notices), self.format, tuple(self.errors))

    def _close(self) -> None:
        if self._open is None:
            return None
        line, speaker, parts = self._open
        self._open = None
        text = "\n".join(parts).strip()
        if not text:
            self._empty += 1
            return None
        if len(text) > MAX_MESSAGE:
            message = f"The message is longer than {MAX_MESSAGE:,} characters."
            return self.fault(TranscriptError(line, message, "Split it into several messages."))
        if any("\ud800" <= char <= "\udfff" for char in text):
            message = "The message holds half of a character."
            return self.fault(TranscriptError(line, message, "Save the file as UTF-8 again."))
        if "\0" in text:  # a line has none, but JSON can spell it
            message = "The message holds a NUL character."
            return self.fault(TranscriptError(line, message, "Take it out."))
        if len(self._turns) >= MAX_TURNS:
            message = f"The transcript has more than {MAX_TURNS:,} messages."
            raise TooMuchError(line, message, "Split it and read the parts.")
        self._turns.append(Utterance(line, speaker, text))
        return None

    def _speaker(self, line: int, speaker: str) -> str:
        printable = "".join(" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in speaker)
        name = " ".join(printable.split()).rstrip(":").strip()
        if not name:
            raise TranscriptError(line, "The speaker is empty.", "Say who speaks on this line.")
        if len(name) > MAX_SPEAKER:
            message = f"The speaker's name is longer than {MAX_SPEAKER} characters."
            raise TranscriptError(line, message, "Check that the speaker and text columns are not swapped.")
        known = self._speakers.setdefault(name.casefold(), name)
        if len(self._speakers) > MAX_SPEAKERS:
            message = f"There are more than {MAX_SPEAKERS} speakers."
            raise TooMuchError(line, message, "Check that the speaker column holds names.")
        return known
