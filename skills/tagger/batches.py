"""What an epoch holds and in which order: seeded choice, context dropout, batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from skills.corpora import own
from skills.corpora.example import Example
from skills.corpora.maps import READOUTS
from skills.tagger import mixing
from skills.tagger.encode import Encoder, Window
from skills.tagger.targets import Targets

CONTEXT_DROPOUT = 0.25
TOKENS_PER_BATCH = 1536
POOL_OF_BATCHES = 40
# How much of a corpus one epoch sees. The catch-all group of the MI Dataset is plentiful and vague; our own
# examples are few, and for several codes the only exact ones.
SHARES = {"esconv": 0.7, "mi_dataset:ETC": 0.6, "epitome": 1.5, "own": 2.5, "joined": 0.4}
SHARES |= {"seeker": 0.3, "unlabelled": 0.3}
# How often a message of our own loses its punctuation.
HURRY = 0.15


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to encode: an example without (alone) or with its previous message, or just a text."""

    index: int
    alone: bool
    window: Window


def plan_epoch(
    examples: list[Example],
    encoder: Encoder,
    *,
    seed: int,
    epoch: int,
    share: float = 1.0,
    tokens: int = TOKENS_PER_BATCH,
) -> list[list[Item]]:
    """The batches of one epoch, or of a `share` of it; the same seed and epoch give the same batches."""
    random = np.random.default_rng([seed, epoch])
    chosen = choose(examples, random)
    random.shuffle(chosen)
    chosen = chosen[: max(1, round(share * len(chosen)))]
    items = [_item(examples, index, encoder, random) for index in chosen]
    chunk = POOL_OF_BATCHES * 40
    batches: list[list[Item]] = []
    for start in range(0, len(items), chunk):
        batches.extend(_by_length(items[start : start + chunk], tokens))
    random.shuffle(batches)
    return batches


def choose(
    examples: list[Example], random: np.random.Generator, shares: Mapping[str, float] = SHARES
) -> list[int]:
    """Which examples one epoch holds, by the shares of their corpora; one with a share of 2 comes twice."""
    chosen: list[int] = []
    for index, example in enumerate(examples):
        share = shares.get(f"{example.corpus}:{example.label}", shares.get(example.corpus, 1.0))
        chosen.extend([index] * (int(share) + int(random.random() < share % 1)))
    return chosen


def _item(examples: list[Example], index: int, encoder: Encoder, random: np.random.Generator) -> Item:
    example = examples[index]
    alone = not example.previous or random.random() < CONTEXT_DROPOUT
    ours = example.corpus in (own.NAME, mixing.NAME)
    text = mixing.without_marks(example.text) if ours and random.random() < HURRY else example.text
    windows = encoder.windows(text, "" if alone else example.previous)
    return Item(index=index, alone=alone, window=windows[0])


def _by_length(items: list[Item], tokens: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    longest = 0
    for item in sorted(items, key=lambda item: len(item.window.ids)):
        longest = max(longest, len(item.window.ids))
        if batch and longest * (len(batch) + 1) > tokens:
            yield batch
            batch, longest = [], len(item.window.ids)
        batch.append(item)
    if batch:
        yield batch


def collate(windows: list[Window]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ids and segments [n, length], pool [n, 1, length] over the message part; padding is id 0."""
    length = max(len(window.ids) for window in windows)
    ids = np.zeros((len(windows), length), np.int64)
    segments = np.zeros_like(ids)
    pool = np.zeros((len(windows), 1, length), np.float32)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
        segments[row, window.message : len(window.ids)] = 1
        pool[row, 0, : window.message] = 1 / window.message
    return ids, segments, pool


def gather(targets: Targets, rows: list[int]) -> dict[str, np.ndarray]:
    """The targets of some examples; `corpus` as the index into READOUTS, -1 for a corpus without one."""
    names = list(READOUTS)
    return {
        "sets": targets.sets[rows],
        "absent": targets.absent[rows],
        "empathy": targets.empathy[rows],
        "readout": targets.readout[rows],
        "corpus": np.array([names.index(name) if name in names else -1 for name in targets.corpus[rows]]),
        "weight": targets.weight[rows],
    }
