"""A second, blind labelling of some of our own examples, and how far the two labellings agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from skills.corpora.example import Example
from skills.taxonomy import CODES

FILE = Path(__file__).resolve().parent.parent / "tagger" / "second_labels.jsonl"


def agreement(examples: list[Example], path: Path = FILE) -> dict[str, Any]:
    """Cohen's kappa of each code and over all, and the mean Jaccard overlap of the codes of a message.

    Lines of the file are `{"text", "previous", "codes"}`; those whose message is no longer among our examples
    are passed over. A code that neither labelling uses has no kappa and is left out.
    """
    first = {(e.text, e.previous): {code for codes in e.positive for code in codes} for e in examples}
    pairs = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        labels = first.get((row["text"], row["previous"]))
        if labels:
            pairs.append((labels, set(row["codes"])))
    one, other = (np.array([[code in pair[side] for code in CODES] for pair in pairs]) for side in (0, 1))
    both = (one & other).sum(1) / (one | other).sum(1)
    codes = {
        code: {"kappa": round(kappa(one[:, place], other[:, place]), 4), "n": int(one[:, place].sum())}
        for place, code in enumerate(CODES)
        if (one[:, place] | other[:, place]).any()
    }
    return {
        "messages": len(pairs),
        "overlap": round(float(both.mean()), 4),
        "kappa": round(kappa(one.ravel(), other.ravel()), 4),
        "codes": codes,
    }


def kappa(one: np.ndarray, other: np.ndarray) -> float:
    """Cohen's kappa of two bool arrays of one length (Cohen 1960); 1 where both always say the same."""
    agreed = float((one == other).mean())
    by_chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return 1.0 if by_chance == 1 else float((agreed - by_chance) / (1 - by_chance))
