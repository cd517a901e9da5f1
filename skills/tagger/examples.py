"""Examples as the run time would see them: cleaned, and only those with words."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from skills.corpora.example import Example
from skills.tagger.clean import clean, has_words


def usable(examples: list[Example]) -> list[Example]:
    """The examples that have text to learn from, cleaned as the run time cleans."""
    cleaned = (replace(e, text=clean(e.text)[0], previous=clean(e.previous)[0].strip()) for e in examples)
    return [example for example in cleaned if has_words(example.text)]


def seeker_lines(examples: list[Example], most: int = 3000) -> list[Example]:
    """Some seeker messages without any label: the embedding ranks them, so it must stay true on them too."""
    texts = {example.previous for example in examples if has_words(example.previous)}
    chosen = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())[:most]
    return [Example(corpus="seeker", group=t, text=t, weight=0.0, fixed_split="train") for t in chosen]
