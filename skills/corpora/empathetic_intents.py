"""Empathetic response intents (Welivita and Pu 2020): casual chat, a few hundred lines labelled by hand.

The larger part was found by key phrases (silver): a fixed thin sample of it is read, at a low weight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from skills.corpora.example import Example
from skills.corpora.maps import EMPATHETIC

NAME = "empathetic_intents"
SILVER_PER_INTENT = 120
# Spelled as the silver files spell them.
SILVER = {
    "acknowleding": "acknowledging",
    "agreeing": "agreeing",
    "consoling": "consoling",
    "encouraging": "encouraging",
    "questioning": "questioning",
    "suggesting": "suggesting",
    "sympathizing": "sympathizing",
    "wishing": "wishing",
}


def read(folder: Path) -> Iterator[Example]:
    """Examples of `folder`/empathetic_intents: every hand-labelled line, then the silver sample."""
    base = folder / "empathetic_intents"
    for intent, codes in EMPATHETIC.items():
        path = base / "manual_annotations" / f"{intent}.txt"
        if path.is_file():
            yield from _examples(path.read_text(encoding="utf-8").splitlines(), codes, weight=0.8)
    for name, intent in SILVER.items():
        path = base / "lexically_extended_intent_data" / "train" / f"{name}.txt"
        if path.is_file():
            lines = [line.partition("<SEP>")[2] for line in path.read_text(encoding="utf-8").splitlines()]
            yield from _examples(_sample(lines), EMPATHETIC[intent], weight=0.2)


def _examples(lines: list[str], codes: tuple[str, ...], weight: float) -> Iterator[Example]:
    for line in lines:
        text = line.strip()
        if text:
            yield Example(
                corpus=NAME, group=text.lower(), text=text, positive=(frozenset(codes),), weight=weight
            )


def _sample(lines: list[str]) -> list[str]:
    by_hash = sorted(set(lines), key=lambda line: hashlib.sha256(line.encode()).digest())
    return by_hash[:SILVER_PER_INTENT]
