"""What the last layer of a weights folder sees of a message, and what it makes of that."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skills.corpora.example import Example
from skills.tagger import session, wire
from skills.tagger.card import read_card
from skills.tagger.encode import Encoder
from skills.tagger.heads import N_CODES, N_OUTPUTS
from skills.tagger.scoring import Scored

LOWEST = -60.0  # a logit that no pass reaches


@dataclass(frozen=True, slots=True)
class Seen:
    """`pooled` float32 [passes, features]: the last layer's input for the whole of each pass; `of` [passes]:
    which example the pass is of, in order. A long message has several passes."""

    examples: list[Example]
    pooled: np.ndarray
    of: np.ndarray

    def select(self, keep: Callable[[Example], bool]) -> Seen:
        places = [place for place, example in enumerate(self.examples) if keep(example)]
        order = np.full(len(self.examples), -1)
        order[places] = np.arange(len(places))
        kept = order[self.of] >= 0
        return Seen([self.examples[place] for place in places], self.pooled[kept], order[self.of][kept])

    def first(self) -> np.ndarray:
        """[examples, features] of the first pass of each: what training learns from."""
        return self.pooled[np.searchsorted(self.of, np.arange(len(self.examples)))]

    def scored(self, weight: np.ndarray, bias: np.ndarray) -> Scored:
        """Raw logits of the codes of each example's strongest pass, as at run time; those of the empathy
        levels stay 0."""
        logits = np.zeros((len(self.examples), N_OUTPUTS), np.float32)
        logits[:, :N_CODES] = LOWEST
        np.maximum.at(logits[:, :N_CODES], self.of, self.pooled @ weight[:, :N_CODES] + bias[:N_CODES])
        return Scored(self.examples, logits)


class Served:
    """A weights folder taken apart: `card`, `model` (the bytes of tagger.onnx) and `head`.

    Raises FileNotFoundError where a file is missing, ValueError for weights other than the card's, and
    OtherGraphError for a graph that this code did not write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card: dict[str, Any] = read_card(folder)
        self.model = (folder / "tagger.onnx").read_bytes()
        if hashlib.sha256(self.model).hexdigest() != self.card["sha256"]:
            raise ValueError("tagger.onnx is not the file that card.json describes: copy the folder again")
        self.head = wire.read_head(self.model)
        self._encoder = Encoder(folder / "tokenizer.json")
        self._session = session.session(wire.with_output(self.model, self.head.pooled))

    def see(self, examples: Sequence[Example], told: Callable[[float], None] = lambda share: None) -> Seen:
        """Of the examples that have a pass at all; `told` hears the share that is done."""
        kept, pooled, of = [], [], []
        for number, example in enumerate(examples):
            windows = self._encoder.windows(example.text, example.previous)
            for window in windows:
                [rows] = self._session.run([self.head.pooled], session.feed(window))
                pooled.append(rows[0, 0])
                of.append(len(kept))
            if windows:
                kept.append(example)
            if number % 100 == 0:
                told(number / len(examples))
        width = self.head.weight.shape[0]
        return Seen(kept, np.array(pooled, np.float32).reshape(-1, width), np.array(of, int))
