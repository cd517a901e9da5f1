"""Broken English out of good sentences, by rule: one way of going wrong each."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

# Words that hold a sentence together.
_SMALL_WORDS = """
    a the of to in on at for with from by as that what how when who it you your is are was be been
    have has do did and or but so not more most there them they he she we if than about
"""
SMALL = tuple(_SMALL_WORDS.split())


def _swapped(words: list[str], rng: random.Random, others: Sequence[str]) -> list[str]:
    """Two pairs of neighbours the wrong way round."""
    for _ in range(2):
        at = rng.randrange(1, len(words) - 1)
        words[at], words[at + 1] = words[at + 1], words[at]
    return words


def _lost(words: list[str], rng: random.Random, others: Sequence[str]) -> list[str]:
    """Two of the words that hold it together gone."""
    for _ in range(2):
        places = [at for at, word in enumerate(words) if word.lower() in SMALL and at]
        if places and len(words) > 4:
            del words[rng.choice(places)]
    return words


def _added(words: list[str], rng: random.Random, others: Sequence[str]) -> list[str]:
    """Two small words where none belongs."""
    for _ in range(2):
        words.insert(rng.randrange(1, len(words)), rng.choice(SMALL))
    return words


def _exchanged(words: list[str], rng: random.Random, others: Sequence[str]) -> list[str]:
    """Small words exchanged for others."""
    places = [at for at, word in enumerate(words) if word.lower() in SMALL and at]
    for at in rng.sample(places, min(2, len(places))):
        words[at] = rng.choice([word for word in SMALL if word != words[at].lower()])
    if not places:
        words.insert(len(words) // 2, rng.choice(SMALL))
    return words


def _spliced(words: list[str], rng: random.Random, others: Sequence[str]) -> list[str]:
    """Its beginning, and the end of another sentence."""
    other = rng.choice(others).split()
    return words[: max(2, len(words) // 2)] + other[rng.randrange(1, max(2, len(other) - 2)) :]


def _cut(words: list[str], rng: random.Random, others: Sequence[str]) -> list[str]:
    """Over before it is finished."""
    places = [at for at, word in enumerate(words[:-1]) if word.lower() in SMALL and at > 2]
    return [*words[: places[-1]], words[places[-1]] + "."] if places else [*words[:-1], "of."]


def _looped(words: list[str], rng: random.Random, others: Sequence[str]) -> list[str]:
    """A stretch said again."""
    at = rng.randrange(0, max(1, len(words) - 3))
    return words[: at + 3] + words[at : at + 3] + words[at + 3 :]


WAYS: dict[str, Callable[[list[str], random.Random, Sequence[str]], list[str]]] = {
    "neighbours swapped": _swapped,
    "small words lost": _lost,
    "small words added": _added,
    "small words exchanged": _exchanged,
    "two sentences spliced": _spliced,
    "cut short": _cut,
    "a stretch repeated": _looped,
}


def broken(sentences: Sequence[str], seed: int, *, every: bool = False) -> list[tuple[str, str]]:
    """(way, text) for each sentence of five words or more, the ways in turn; with `every` in all."""
    found = []
    for at, sentence in enumerate(one for one in sentences if len(one.split()) >= 5):
        for name in WAYS if every else [list(WAYS)[at % len(WAYS)]]:
            rng = random.Random(f"{seed}:{at}:{name}")
            text = " ".join(WAYS[name](sentence.split(), rng, sentences))
            if text != sentence:
                found.append((name, text))
    return found
