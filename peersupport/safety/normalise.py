"""Bring chat text into one plain form for the rules, and keep the way back to the original characters.

People write crisis words with curly quotes, zero-width characters, fullwidth letters, digits for letters
("k1ll"), stretched letters ("diiie") or spaces between letters. The rules see none of that: they read
lower-case text without apostrophes ("dont"), with single spaces and hyphens as spaces.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_PLAIN = re.compile(r"[a-z0-9 .,!?;:\"()*]")
_APOSTROPHES = frozenset("'`´‘’‚‛ʼ′＇")
_QUOTES = frozenset("“”„‟«»″＂")
_DASHES = frozenset("-‐‑‒–—―_/")
_LETTER_LOOKALIKES = str.maketrans("аеорсхуікмтѕԁɩοαερτυικ", "aeopcxyikmtsdioaeptuik")
_MIXED_SCRIPT = re.compile(r"(?=\w*[a-z])(?=\w*[\u0370-\u03ff\u0400-\u052f\u0269])\w{2,40}")
_LEET = re.compile(
    r"(?<=[a-z])[013457@$](?=[a-z]|\b)|\b[@$](?=[a-z]{2})"
    r"|(?<=\b[a-z])!(?=[a-z]{1,6}\b)|(?<=\b[a-z][a-z])!(?=[a-z])"
)
_LEET_LETTERS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SPELLED = re.compile(r"(?<![a-z0-9])[a-z](?:[ .*][a-z]){3,24}(?![a-z0-9])")


@dataclass(frozen=True)
class Normal:
    """`text` is what the rules read; `origin[i]` is the offset of `text[i]` in the message."""

    text: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets [start, end) in the message for a non-empty stretch of the plain text."""
        return self.origin[start], self.origin[end - 1] + 1


def normalise(message: str, *, keep_quotes: bool = True) -> Normal:
    """The plain form; without quotation marks if asked, so that 'I want to "kill" myself' reads through."""
    letters: list[str] = []
    origin: list[int] = []
    for position, char in enumerate(message):
        for plain in _plain(char):
            if plain == '"' and not keep_quotes:
                continue
            if plain == " " and letters and letters[-1] in " \n":
                continue
            letters.append(plain)
            origin.append(position)
    text = "".join(letters)
    if not text.isascii():
        text = _MIXED_SCRIPT.sub(lambda found: found[0].translate(_LETTER_LOOKALIKES), text)
    text = _LEET.sub(lambda found: _LEET_LETTERS[found[0]], text)
    text, origin = _shorten(_STRETCHED, text, origin, _one_letter)
    text, origin = _shorten(_SPELLED, text, origin, _joined)
    return Normal(text, tuple(origin))


def _plain(char: str) -> str:
    lower = char.lower()
    if _PLAIN.match(lower) and len(lower) == 1:
        return lower
    if char in "\n\r\u2028\u2029":
        return "\n"
    if char in _APOSTROPHES:
        return ""
    if char in _QUOTES:
        return '"'
    if char in _DASHES or char.isspace():
        return " "
    if char == "…":
        return "."
    if char.isascii():
        return lower if char.isprintable() else ""
    if unicodedata.category(char) in {"Cf", "Mn", "Cc"}:
        return ""
    folded = unicodedata.normalize("NFKD", char).lower()
    return "".join(part for part in folded if unicodedata.category(part) not in {"Mn", "Cf", "Cc"})[:4]


def _one_letter(found: re.Match[str]) -> list[int]:
    return [found.start()]


def _joined(found: re.Match[str]) -> list[int]:
    return list(range(found.start(), found.end(), 2))


def _shorten(pattern: re.Pattern[str], text: str, origin: list[int], keep) -> tuple[str, list[int]]:
    """Keep only the characters `keep` names of each match; the way back is kept in step."""
    if not pattern.search(text):
        return text, origin
    kept: list[int] = []
    done = 0
    for found in pattern.finditer(text):
        kept.extend(range(done, found.start()))
        kept.extend(keep(found))
        done = found.end()
    kept.extend(range(done, len(text)))
    return "".join(text[i] for i in kept), [origin[i] for i in kept]
