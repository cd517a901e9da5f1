"""Templates with slots, choices and agreement.

`<slot>` is replaced by its value; `{a|b|}` by one of the choices; `[is|are]` by the form that agrees in
number with the nearest slot before it (the first one after it where none is before).
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

SLOT = re.compile(r"<(\w+)>")
_CHOICE = re.compile(r"\{([^{}]*)\}")
_AGREE = re.compile(r"\[(\w+)\|(\w+)\]")
# Singular although they end in s.
_SINGULAR_S = re.compile(r"(?:ss|us|news|is|'s)$")


@dataclass(frozen=True)
class Noun:
    """A noun phrase and its number."""

    text: str
    plural: bool = False

    @classmethod
    def read(cls, entry: str) -> Noun:
        """From a word list: a star marks a plural, a final s of a last word does so too."""
        text = entry.removesuffix("*")
        return cls(text, text != entry or (text.endswith("s") and not _SINGULAR_S.search(text)))


def slots(template: str) -> frozenset[str]:
    return frozenset(SLOT.findall(template))


def choose_words(template: str, rng: random.Random) -> str:
    while _CHOICE.search(template):
        template = _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), template, count=1)
    return re.sub(r" {2,}", " ", template)


def filled(template: str, values: Mapping[str, Noun | str]) -> str:
    """The template with its slots and agreement resolved. Raises KeyError for a slot without a value."""

    def agree(match: re.Match[str]) -> str:
        before = [m.group(1) for m in SLOT.finditer(template, 0, match.start())]
        after = [m.group(1) for m in SLOT.finditer(template, match.end())]
        nearest = before[-1] if before else after[0]
        noun = values[nearest]
        return match.group(2 if isinstance(noun, Noun) and noun.plural else 1)

    text = _AGREE.sub(agree, template)

    def value(match: re.Match[str]) -> str:
        found = values[match.group(1)]
        return found.text if isinstance(found, Noun) else found

    return SLOT.sub(value, text)
