"""Which of two replies a model prefers: the one with the higher mean log probability of a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from feedback.coach.experts.asking import Asker, logprobs
from feedback.coach.experts.items import AIMS, CONTRAST, item

Progress = Callable[[str, int, int], None]


def preferred(
    model: Any, asker: Asker, aim: str, split: str, seed: int, count: int, *, batch: int = 32
) -> tuple[np.ndarray, list[str]]:
    """(whether the better reply was preferred, bool [count]; the items' kinds). Ties count as wrong."""
    right, kinds = np.zeros(count, dtype=bool), []
    for start in range(0, count, batch):
        items = [item(aim, split, seed, place) for place in range(start, min(start + batch, count))]
        rows = asker.rows([*items, *items], [one.good for one in items] + [one.bad for one in items])
        with torch.inference_mode():
            total, tokens = logprobs(model, rows)
        good, bad = (total / tokens).chunk(2)
        right[start : start + len(items)] = (good > bad).cpu().numpy()
        kinds += [one.kind for one in items]
    return right, kinds


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
