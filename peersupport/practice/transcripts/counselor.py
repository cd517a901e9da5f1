"""Who in a transcript is the counselor: told by name, told by a role word, or guessed from manner."""

from __future__ import annotations

import re
from dataclasses import dataclass

from peersupport.practice.transcripts.names import COUNSELOR_NAMES, SEEKER_NAMES
from peersupport.practice.transcripts.types import Transcript, TranscriptError

_YOU = re.compile(r"\b(?:you|your|you're|you’re|youre|yourself)\b", re.I)
_I = re.compile(r"\b(?:i|i'm|i’m|im|my|me|i've|i’ve|myself)\b", re.I)
_OPENING = re.compile(
    r"how can i help|what brings you|thanks? (?:you )?for (?:reaching out|sharing|telling|writing)|welcome"
    r"|how are you (?:feeling|doing)|sounds like|i hear (?:you|that|how)"
    r"|would you like to (?:talk|share|tell)",
    re.I,
)


@dataclass(frozen=True)
class Guess:
    """`notice` is a sentence for the reader, empty where the name itself says the role."""

    speaker: str
    notice: str


def find_speaker(transcript: Transcript, name: str) -> str:
    """The speaker called `name`, whatever the case. TranscriptError lists who is there."""
    wanted = " ".join(name.split()).casefold()
    for speaker in transcript.speakers:
        if speaker.casefold() == wanted:
            return speaker
    there = ", ".join(transcript.speakers[:8]) + (" …" if len(transcript.speakers) > 8 else "")
    raise TranscriptError(0, "No speaker has the given counselor name.", f"The speakers are: {there}.")


def guess_counselor(transcript: Transcript) -> Guess:
    """The likely counselor, with a notice unless the speaker's name is a role."""
    named = [name for name in transcript.speakers if _role(name) == "counselor"]
    if named:
        several = f"{named[0]} was taken as the counselor; {', '.join(named[1:])} could be one too."
        return Guess(named[0], several if len(named) > 1 else "")
    unnamed = [name for name in transcript.speakers if _role(name) != "seeker"]
    if len(unnamed) == 1 and len(transcript.speakers) > 1:
        return Guess(unnamed[0], f"{unnamed[0]} was taken as the counselor: the others are called seekers.")
    if len(transcript.speakers) == 1:
        only = transcript.speakers[0]
        return Guess(only, f"There is one speaker only; {only} was taken as the counselor.")
    candidates = unnamed or list(transcript.speakers)
    best = max(candidates, key=lambda name: _manner(transcript, name))
    return Guess(best, f"{best} was taken as the counselor, guessed from asking, greeting and saying “you”.")


def _role(name: str) -> str:
    plain = re.sub(r"[\d#_()\[\].-]+", " ", name.casefold()).strip()
    for role, names in (("counselor", COUNSELOR_NAMES), ("seeker", SEEKER_NAMES)):
        if plain in names or any(len(word) > 2 and word in names for word in plain.split()):
            return role
    return ""


def _manner(transcript: Transcript, name: str) -> float:
    """Higher for somebody who asks, greets, and speaks of "you" rather than "I"; means over messages."""
    texts = [turn.text for turn in transcript.turns if turn.speaker == name]
    asks = sum("?" in text for text in texts) / len(texts)
    opens = sum(bool(_OPENING.search(text)) for text in texts) / len(texts)
    you = sum(len(_YOU.findall(text)) for text in texts)
    own = sum(len(_I.findall(text)) for text in texts)
    return asks + 2 * opens + (you - own) / max(1, you + own)
