"""Read transcripts people bring: CSV, JSON lines, XLSX, pasted chats. Pure Python, bounded memory.

Errors are `TranscriptError(line, message, mend)` and never quote a message.
"""

from __future__ import annotations

from peersupport.practice.transcripts.counselor import Guess, find_speaker, guess_counselor
from peersupport.practice.transcripts.reading import read_transcript
from peersupport.practice.transcripts.types import FORMATS, Transcript, TranscriptError, Utterance

__all__ = [
    "FORMATS",
    "Guess",
    "Transcript",
    "TranscriptError",
    "Utterance",
    "find_speaker",
    "guess_counselor",
    "read_transcript",
]
