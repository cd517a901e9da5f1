"""Which codes a message carries, out of their probabilities: one rule at run time and in every measurement.

A code is there at its threshold. Codes of one family are easily mistaken for each other (was permission
asked? is it praise or comfort?), and a message may well be of the family while each code stays below its
threshold: where that is more likely than not the likeliest of them is taken, as unsure. The two reflections
are no such family: much of what this rule added to them on the validation part was no reflection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skills.tagger.heads import INDEX
from skills.taxonomy import CODES

FAMILIES: dict[str, tuple[str, ...]] = {
    "suggesting": ("advise_without_permission", "persuade_with_permission", "direct"),
    "encouraging": ("affirm", "support"),
}
MORE_LIKELY_THAN_NOT = 0.5


@dataclass(frozen=True, slots=True)
class Rule:
    """`thresholds`: by code. `families`: how likely any of its codes must be for a family to get one; a card
    from before there were families has none."""

    thresholds: Mapping[str, float]
    families: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> Rule:
        """The rule that a card holds."""
        return cls({code: card["codes"][code]["threshold"] for code in CODES}, card.get("families", {}))

    def over(self, chances: np.ndarray) -> np.ndarray:
        """bool [n, codes] for probabilities [n, codes]: what reaches its own threshold."""
        return chances >= np.array([self.thresholds[code] for code in CODES], chances.dtype)

    def present(self, chances: np.ndarray) -> np.ndarray:
        """bool [n, codes] for probabilities [n, codes]: that, and what a family gives."""
        found = self.over(chances)
        for name, least in self.families.items():
            places = columns(name)
            rows = np.flatnonzero(~found[:, places].any(axis=1) & (together(chances, name) >= least))
            found[rows, places[chances[np.ix_(rows, places)].argmax(axis=1)]] = True
        return found


def columns(family: str) -> np.ndarray:
    return np.array([INDEX[code] for code in FAMILIES[family]])


def together(chances: np.ndarray, family: str) -> np.ndarray:
    """[n]: how likely any code of the family is there (noisy or)."""
    return 1 - (1 - chances[:, columns(family)]).prod(axis=1)
