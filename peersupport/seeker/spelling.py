"""How a person types, applied to the lines a style shares: their own lines are written out by the author."""

from __future__ import annotations

import re
from collections.abc import Callable

_LONG = {"can't": "cannot", "won't": "will not", "let's": "let us"}
_ENDINGS = {"n't": " not", "'m": " am", "'re": " are", "'ll": " will", "'ve": " have", "'d": " would"}
# The only words whose 's is always "is" in the shared lines; elsewhere it may mark a possessive.
_IS = re.compile(r"\b(it|that|there|what|who|he|she|nothing|nobody)'s\b", re.IGNORECASE)


def _full(text: str) -> str:
    def long(match: re.Match[str]) -> str:
        word = match.group()
        whole = _LONG[word.lower()]
        return whole.capitalize() if word[0].isupper() else whole

    text = re.sub(r"\b(?:can't|won't|let's)\b", long, text, flags=re.IGNORECASE)
    text = _IS.sub(r"\1 is", text)
    return re.sub(r"(?:n't|'m|'re|'ll|'ve|'d)\b", lambda match: _ENDINGS[match.group()], text)


def _lower(text: str) -> str:
    return text.lower().removesuffix(".")


TYPINGS: dict[str, Callable[[str], str]] = {
    "standard": lambda text: text,
    "full": _full,
    "lower": _lower,
    "bare": lambda text: _lower(text).replace("'", ""),
}
