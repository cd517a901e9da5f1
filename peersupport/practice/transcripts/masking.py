"""Replaces e-mail addresses, links, phone numbers and given names by words in brackets.

Rules, not a model: they find what has the form of an address or number. A name they do not know, a street
or a workplace stays; whoever brings a transcript is told so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_NAMES = 50
_EMAIL = r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"
_LINK = r"(?:https?://|www\.)[^\s<>\"')\]]{2,}|\b[\w-]{1,63}\.(?:com|org|net|edu|gov|io|co|uk|de|info)\b(?:/[^\s<>\"')\]]*)?"
_PHONE = r"(?<![\w.])(?:\+|00|\()?\d(?:[\s().\-\u2010-\u2015/]{0,2}\d){6,14}(?!\w)"
_DATE = re.compile(
    r"\d{4}[-–—]\d{4}|"
    r"(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?:[ T]\d{1,2}(?:[:.]\d{2})?)?"
)
_HELP_LINES = frozenset({"116123", "18002738255"})  # public numbers: what was said stays readable
_ALWAYS = re.compile(rf"(?P<email>{_EMAIL})|(?P<link>{_LINK})|(?P<phone>{_PHONE})", re.I)
WORDS = {"email": "[e-mail]", "link": "[link]", "phone": "[phone]", "name": "[name]"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a message. `kind` is empty for what stays; `shown` is what takes its place."""

    text: str
    kind: str = ""

    @property
    def shown(self) -> str:
        return WORDS[self.kind] if self.kind else self.text


def names_from(text: str) -> tuple[str, ...]:
    """The names somebody typed, separated by commas or lines; the longest first, at most MAX_NAMES."""
    found = {" ".join(part.split()) for part in re.split(r"[,;\n]", text)}
    return tuple(
        sorted((name for name in found if 1 < len(name) <= 60), key=lambda n: (-len(n), n))[:MAX_NAMES]
    )


def pieces(text: str, *, names: Sequence[str] = (), contacts: bool = True) -> list[Piece]:
    """The message split into what stays and what is masked; joined, the `text`s are the message."""
    found = list(_spans(text, names, contacts))
    parts, at = [], 0
    for start, end, kind in found:
        if start > at:
            parts.append(Piece(text[at:start]))
        parts.append(Piece(text[start:end], kind))
        at = end
    if at < len(text):
        parts.append(Piece(text[at:]))
    return parts


def _spans(text: str, names: Sequence[str], contacts: bool) -> list[tuple[int, int, str]]:
    taken: list[tuple[int, int, str]] = []
    if contacts:
        for match in _ALWAYS.finditer(text):
            kind = match.lastgroup or ""
            if kind == "phone" and not _is_phone(match[0]):
                continue
            taken.append((match.start(), match.end(), kind))
    if names:
        for match in _names_pattern(names).finditer(text):
            if not any(start < match.end() and match.start() < end for start, end, _ in taken):
                taken.append((match.start(), match.end(), "name"))
    return sorted(taken)


def _names_pattern(names: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.I)


def _is_phone(found: str) -> bool:
    digits = re.sub(r"\D", "", found)
    return digits not in _HELP_LINES and not _DATE.fullmatch(found.strip())
