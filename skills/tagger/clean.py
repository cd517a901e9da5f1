"""Makes any pasted text safe to tokenise, without moving a single character: offsets stay valid."""

from __future__ import annotations

import re
from pathlib import Path

MAX_CHARACTERS = 10_000
# One character for one character: spans must point into the text as it was given.
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?:[.!?…]+[\"'”’)\]]*(?=\s)|\n+)")

# Function words: what short English chat is made of, and what only other languages use.
_WORDS = Path(__file__).resolve().parent / "words"
_ENGLISH = frozenset((_WORDS / "english.txt").read_text(encoding="utf-8").split())
_ELSEWHERE = frozenset((_WORDS / "elsewhere.txt").read_text(encoding="utf-8").split())


def clean(text: str) -> tuple[str, bool]:
    """The text with NUL and lone surrogates replaced by spaces, and whether it was cut at MAX_CHARACTERS."""
    return _UNSAFE.sub(" ", text[:MAX_CHARACTERS]), len(text) > MAX_CHARACTERS


def has_words(text: str) -> bool:
    """Whether there is anything to tag: a letter or a digit somewhere."""
    return any(character.isalnum() for character in text)


def looks_english(text: str) -> bool:
    """A cheap guess that errs towards yes: short, slangy or misspelt messages are English.

    No if most letters are outside the Latin script, or if a text of four words or more has at least two
    function words of other languages and more of those than of English ones.
    """
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return True
    foreign_script = sum(ord(character) > 0x24F for character in letters)
    if 2 * foreign_script > len(letters):
        return False
    words = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
    english = sum(word in _ENGLISH for word in words)
    foreign = sum(word in _ELSEWHERE for word in words)
    return len(words) < 4 or foreign < 2 or foreign <= english


def sentences(text: str) -> list[tuple[int, int]]:
    """Character offsets (start, stop) of the sentences of a text, without surrounding white space."""
    spans: list[tuple[int, int]] = []
    start = 0
    for stop in [*(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]:
        piece = text[start:stop]
        left, right = len(piece) - len(piece.lstrip()), len(piece.rstrip())
        if right > left and has_words(piece):
            spans.append((start + left, start + right))
        elif right > left and spans:
            spans[-1] = (spans[-1][0], start + right)
        start = stop
    return spans
