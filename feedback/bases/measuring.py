"""How helpful, honest and harmless a merge is beside what serves: the ranking of `evaluate_3h`, shorter.

A fixed set of test items, the same for every merge, so that differences are paired. Few enough for some
minutes on one core with a model of seven million weights; the intervals say what so few can tell. Imports
torch: for workers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from feedback.coach.experts.asking import Asker
from feedback.coach.experts.compared import differences, summary
from feedback.coach.experts.loading import load, load_tokenizer
from feedback.coach.experts.ranking import measured

SPLIT, SETS, ITEMS = "test", 10, 30  # sets of so many items of each aim
Found = Mapping[str, np.ndarray]  # as `ranking.measured` gives it


def measure(folder: Path, device: str, told: Callable[[float], None]) -> Found:
    """Asks the folder's model; `told` hears which share is done. Raises ExpertsError where it cannot be
    loaded."""
    model, asker = load(folder, device).eval(), Asker(load_tokenizer(folder))
    parts = []
    for seed in range(SETS):  # a set at a time, so that the wish to stop is heard every few seconds
        parts.append(measured(model, asker, split=SPLIT, seeds=[seed], count=ITEMS))
        told((seed + 1) / SETS)
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
