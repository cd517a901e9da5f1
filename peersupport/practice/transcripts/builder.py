"""Collects messages while a reader runs, keeps the limits, and ends in a Transcript."""

from __future__ import annotations

import unicodedata

from peersupport.practice.transcripts.types import (
    MAX_MESSAGE,
    MAX_SPEAKER,
    MAX_SPEAKERS,
    MAX_TURNS,
    Transcript,
    TranscriptError,
    Utterance,
)


class Builder:
    def __init__(self, format: str) -> None:
        self.format = format
        self.started = False
        self._turns: list[Utterance] = []
        self._speakers: dict[str, str] = {}
        self._notices: list[str] = []
        self._empty = 0
        self._open: tuple[int, str, list[str]] | None = None

    def notice(self, text: str) -> None:
        self._notices.append(text)

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
            mend = "Give it at least one line with a speaker and a text."
            raise TranscriptError(0, "The transcript is empty: there is no message in it.", mend)
        if self._empty:
            plural = "s" if self._empty > 1 else ""
            self.notice(f"{self._empty} message{plural} without text left out.")
        spoke = {turn.speaker for turn in self._turns}
        speakers = tuple(name for name in self._speakers.values() if name in spoke)
        return Transcript(tuple(self._turns), speakers, tuple(self._notices), self.format)

    def _close(self) -> None:
        if self._open is None:
            return
        line, speaker, parts = self._open
        self._open = None
        text = "\n".join(parts).strip()
        if not text:
            self._empty += 1
            return
        if len(text) > MAX_MESSAGE:
            message = f"The message is longer than {MAX_MESSAGE:,} characters."
            raise TranscriptError(line, message, "Split it into several messages.")
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise TranscriptError(
                line, "The message holds half of a character.", "Save the file as UTF-8 again."
            )
        if len(self._turns) >= MAX_TURNS:
            message = f"The transcript has more than {MAX_TURNS:,} messages."
            raise TranscriptError(line, message, "Split it and read the parts.")
        self._turns.append(Utterance(line, speaker, text))

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
            raise TranscriptError(line, message, "Check that the speaker column holds names.")
        return known
