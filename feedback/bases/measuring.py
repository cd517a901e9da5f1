"""How helpful, honest and harmless a merge is beside what serves: the ranking of `evaluate_3h`, shorter.

A fixed set of test items, the same for every merge, so that differences are paired. Few enough for some
minutes on one core with a model of seven million weights; the intervals say what so few can tell. Imports
torch: for workers alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from feedback.coach.experts.asking import Asker
from feedback.coach.experts.compared import differences, summary
from feedback.coach.experts.loading import load, load_tokenizer
from feedback.coach.experts.ranking import measured

SPLIT, SETS, ITEMS = "test", 10, 30  # sets of so many items of each aim
Found = Mapping[str, np.ndarray]  # as `ranking.measured` gives it


def sets(folder: Path, device: str, first: int = 0) -> Iterator[Found]:
    """The answers of the folder's model to each set from `first` on. Raises ExpertsError where it cannot be
    loaded."""
    if first >= SETS:
        return
    model, asker = load(folder, device).eval(), Asker(load_tokenizer(folder))
    for seed in range(first, SETS):
        yield measured(model, asker, split=SPLIT, seeds=[seed], count=ITEMS)


def joined(parts: Sequence[Found]) -> Found:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def report(models: Mapping[str, Found], compared_with: str) -> dict[str, Any]:
    """As `evaluate_3h --output` writes it."""
    return {
        "split": SPLIT,
        "items": ITEMS,
        "seeds": SETS,
        "models": {label: summary(dict(found)) for label, found in models.items()},
        "compared_with": compared_with,
        "differences": differences({label: dict(found) for label, found in models.items()}, compared_with),
    }


def packed(found: Found) -> dict[str, Any]:
    """Small enough for a checkpoint: bits as hexadecimal, and how many."""
    return {name: [len(bits), np.packbits(bits).tobytes().hex()] for name, bits in found.items()}


def unpacked(kept: Mapping[str, Any]) -> Found:
    return {
        name: np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8), count=count).astype(bool)
        for name, (count, bits) in kept.items()
    }
