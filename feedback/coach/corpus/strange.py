"""Words that are none: what stands in a message may be a word that no training message has.

Some of the words that an exchange is about are replaced in message and reply, wherever they stand, and keep
their endings: what the reply says of them can only be copied. Half are made of rare syllables and half of the
halves of two words, so that a tokenizer cuts them like words that it never met.
"""

from __future__ import annotations

import random
import re
from functools import cache

from feedback.coach.corpus import library

WORDS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SHORTEST = 4  # letters of a word that may be replaced
_KEPT_ENDINGS = ("ation", "ering", "ingly", "ment", "ness", "ing", "ers", "ed", "ly", "er", "es", "s")
_ENDINGS = ("", "", "", "k", "l", "m", "n", "rd", "t", "x", "sh", "ia", "tion", "ment", "ck", "sis")
_FIRST = ("br", "d", "f", "gl", "k", "l", "m", "n", "pl", "r", "st", "t", "v", "tr", "sn", "p", "ph", "sc")
_VOWELS = ("a", "e", "i", "o", "u", "au", "ea", "ou")


def coined(rng: random.Random, ending: str = "") -> str:
    """A word that is none."""
    if rng.random() < 0.5:
        first, last = rng.choice(_long_words()), rng.choice(_long_words())
        word = first[: rng.randrange(2, 5)] + last[-rng.randrange(3, 5) :]
        return word + ending if ending and not word.endswith(ending) else word
    syllables = rng.choice((2, 2, 3))
    word = "".join(rng.choice(_FIRST) + rng.choice(_VOWELS) for _ in range(syllables))
    return word + (ending or rng.choice(_ENDINGS))


def words_of(text: str) -> frozenset[str]:
    """Its words in lower case."""
    return frozenset(word.lower() for word in WORDS.findall(text))


def with_strange_words(
    message: str, reply: str, share: float, may: frozenset[str], rng: random.Random
) -> tuple[str, str]:
    """Message and reply with so much of the words in `may` made strange in both."""
    found = dict.fromkeys(word.lower() for word in WORDS.findall(message))
    made: dict[str, str] = {}
    for old in found:
        if old in may and len(old) >= SHORTEST and rng.random() < share:
            ending = next((end for end in _KEPT_ENDINGS if old.endswith(end) and len(old) > len(end) + 2), "")
            made[old] = coined(rng, ending)

    def put(match: re.Match[str]) -> str:
        new = made.get(match.group().lower())
        if new is None:
            return match.group()
        return new.capitalize() if match.group()[0].isupper() else new

    return WORDS.sub(put, message), WORDS.sub(put, reply)


@cache
def _long_words() -> tuple[str, ...]:
    texts = [str(noun) for kind in library.spare_nouns() for noun in kind]
    texts += [clause for topic in library.topics() for kind in topic.clauses.values() for clause in kind]
    return tuple(
        sorted(word for text in texts for word in words_of(text) if len(word) >= 5 and word.isascii())
    )
