"""How people type: dropped capitals and apostrophes, short forms, slips of the finger."""

from __future__ import annotations

import random
import re

_SHORT = (
    ("because", ("bc", "cuz", "cause")),
    ("really", ("rly",)),
    ("don't", ("dont",)),
    ("can't", ("cant",)),
    ("it's", ("its",)),
    ("isn't", ("isnt",)),
    ("I've", ("ive", "Ive")),
    ("I'm", ("im", "Im")),
    ("want to", ("wanna",)),
    ("I don't know", ("idk",)),
    ("right now", ("rn",)),
)
CASUAL = 0.25
SLIP = 0.08


def noisy(text: str, rng: random.Random, spared: frozenset[str] = frozenset()) -> str:
    """The message as it may come: most are left alone, a quarter is typed carelessly.

    No slip falls on the `spared` words, given in lower case: a reply that corrects what it takes up would
    teach a model to make a word that it knows out of every word that it does not.
    """
    if rng.random() < CASUAL:
        for plain, forms in _SHORT:
            if rng.random() < 0.6:
                text = re.sub(rf"\b{re.escape(plain)}\b", rng.choice(forms), text, flags=re.IGNORECASE)
        if rng.random() < 0.6:
            text = text.lower()
        if rng.random() < 0.4:
            text = text.rstrip(".")
    if rng.random() < SLIP:
        text = _slip(text, rng, spared)
    return text


def _slip(text: str, rng: random.Random, spared: frozenset[str]) -> str:
    words = text.split(" ")
    long = [
        i for i, word in enumerate(words) if len(word) > 5 and word.isalpha() and word.lower() not in spared
    ]
    if long:
        i = rng.choice(long)
        word, at = words[i], rng.randrange(1, len(words[i]) - 2)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        words[i] = rng.choice((swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))
    return " ".join(words)
