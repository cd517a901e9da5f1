"""Clauses of random verbs and things: their words follow from nothing, so a model learns to copy them."""

from __future__ import annotations

import random
from functools import cache

from feedback.coach.corpus import library
from feedback.coach.corpus.grammar import Noun, filled


@cache
def _table() -> dict[str, list[str]]:
    return library.read(library.HERE / "loose.toml")


def loose_clause(kind: str, values: dict[str, Noun | str], rng: random.Random) -> str:
    """A clause of one of `library.CLAUSES` in the first person, of the exchange's people and things."""
    table = _table()
    words: dict[str, Noun | str] = {"who": values["who"], "what": values["what"]}
    words["other"] = rng.choice(library.spare_nouns()[1])
    words["how"] = rng.choice(table["how"])
    for number in ("", "2"):
        forms = rng.choice(table["verbs"]).split()
        words |= dict(zip((f"base{number}", f"third{number}", f"past{number}"), forms, strict=True))
    template = rng.choice(table[kind])
    for form in ("third", "base"):
        # Agreement takes words, not slots.
        template = template.replace(f"<{form}>|", f"{words[form]}|").replace(f"|<{form}>", f"|{words[form]}")
    return filled(template, words)


def lead(rng: random.Random) -> str:
    """A few words in front of a sentence that say nothing, and a mark."""
    words = rng.sample(_table()["lead_words"], rng.choice((1, 2, 3, 3, 4, 5)))
    return " ".join(words) + rng.choice((":", ",", ":", " and", " but", " that", " is that"))
