"""Pointing at the seeker's words instead of spelling them: what lets a small model name what it never met.

Behind each word that says something stands a mark, "your sister<|1|> avoids<|2|> you"; a reply names such a
word by its mark alone. The model has to learn where to point, and not how words of other topics are spelt.
The idea is that of pointer networks (Vinyals et al. 2015, arXiv 1506.03134), with the pointers as tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from feedback.coach.corpus.own_words import OWN_WORDS

MARKS = tuple(f"<|{number}|>" for number in range(1, 49))
LEAST_LETTERS = 3
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_MARK = re.compile(r"<\|(\d{1,2})\|>")


def marked(text: str) -> tuple[str, list[str]]:
    """The text with a mark behind each of its telling words, and these words; the last ones where there are
    more than marks."""
    found = [match for match in _WORD.finditer(text) if _tells(match.group())][-len(MARKS) :]
    parts, end = [], 0
    for match, mark in zip(found, MARKS, strict=False):
        parts += [text[end : match.end()], mark]
        end = match.end()
    return "".join([*parts, text[end:]]), [match.group() for match in found]


def pointed(reply: str, words: Sequence[str]) -> str:
    """The reply with marks for the words that it takes from the message; words that stood in a row there stay
    in their order here."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(word.lower(), []).append(place)
    last = -1

    def mark(match: re.Match[str]) -> str:
        nonlocal last
        held = places.get(match.group().lower())
        if not held:
            return match.group()
        last = next((place for place in held if place > last), held[0])
        return MARKS[last]

    # The space before a mark belongs to it: every word is the same token wherever it stands.
    return re.sub(r"\s*(<\|\d{1,2}\|>)\s*", r"\1", _WORD.sub(mark, reply))


def resolved(text: str, words: Sequence[str]) -> str:
    """What the model wrote with the words themselves; a mark that stands for none is left out."""

    def word(match: re.Match[str]) -> str:
        place = int(match.group(1)) - 1
        return f" {words[place]} " if place < len(words) else " "

    text = " ".join(_MARK.sub(word, text).split())
    return re.sub(r"\s+([.,;:?!…])", r"\1", text)


def _tells(word: str) -> bool:
    return len(word) >= LEAST_LETTERS and word.lower() not in OWN_WORDS
