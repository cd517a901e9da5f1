"""The two laws as plain numbers, for drawing, and what their AIC says. Light: a web page may import it; fits
are in `laws`."""

from __future__ import annotations

import math
from collections.abc import Mapping

LEAST_GAP = 2.0  # of AIC; closer fits are not told apart (Burnham and Anderson 2002, section 2.6)


def alignment(law: Mapping[str, float], r: float) -> float:
    """B(r) = tanh(a·r + b0)."""
    return math.tanh(law["a"] * r + law["b0"])


def helpfulness(law: Mapping[str, float], r: float, floor: float = 0.0) -> float:
    """P(r) = f + (P0 - f) / (1 + k·(r - r0)²)."""
    return floor + (law["P0"] - floor) / (1 + law["k"] * (r - law["r0"]) ** 2)


def preferred(law: float, rival: float) -> str:
    """ "law", "rival" or "undecided", from the AIC of each; of a fit that is not a number nothing follows."""
    if not abs(law - rival) >= LEAST_GAP:
        return "undecided"
    return "law" if law < rival else "rival"
