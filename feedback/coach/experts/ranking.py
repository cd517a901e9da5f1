"""Which of two replies a model prefers: the one with the higher mean log probability of a token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from feedback.coach.experts.asking import Asker, pair_means
from feedback.coach.experts.items import AIMS, CONTRAST, Item, item

Progress = Callable[[str, int, int], None]


def preferred(
    model: Any, asker: Asker, aim: str, split: str, seed: int, count: int, *, batch: int = 32
) -> tuple[np.ndarray, list[str]]:
    """(whether the better reply was preferred, bool [count]; the items' kinds). Ties count as wrong."""
    items = [item(aim, split, seed, place) for place in range(count)]
    right = better(model, asker, items, batch=batch)
    return right, [one.kind for one in items]


def better(model: Any, asker: Asker, items: Sequence[Item], *, batch: int = 32) -> np.ndarray:
    """Whether each item's better reply was preferred, bool [items]."""
    right = np.zeros(len(items), dtype=bool)
    # Items of like length together: there is less padding to read.
    order = sorted(range(len(items)), key=lambda place: len(items[place].seeker))
    for start in range(0, len(items), batch):
        places = order[start : start + batch]
        with torch.inference_mode():
            means = pair_means(model, asker.pairs([items[place] for place in places]))
        right[places] = (means[:, 0] > means[:, 1]).cpu().numpy()
    return right


def measured(
    model: Any,
    asker: Asker,
    *,
    split: str,
    seeds: list[int],
    count: int,
    progress: Progress = lambda aim, done, total: None,
) -> dict[str, np.ndarray]:
    """By aim, bool [seeds · count] in the same order for every model; under `over_refusal` whether harmless
    words were taken for danger, of the contrast items alone."""
    found: dict[str, np.ndarray] = {}
    refused: list[np.ndarray] = []
    for aim in AIMS:
        parts = []
        for number, seed in enumerate(seeds, start=1):
            right, kinds = preferred(model, asker, aim, split, seed, count)
            parts.append(right)
            if aim == "harmless":
                refused.append(~right[np.array(kinds) == CONTRAST])
            progress(aim, number, len(seeds))
        found[aim] = np.concatenate(parts)
    return {**found, "over_refusal": np.concatenate(refused)}
