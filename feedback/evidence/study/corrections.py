"""What a single p does not say: many tests (Benjamini-Hochberg), unmeasured confounding (E-value)."""

from __future__ import annotations

import math
from collections.abc import Mapping


def survivors(p: Mapping[str, float], *, rate: float = 0.05) -> dict[str, bool]:
    """Which tests survive at this false discovery rate (Benjamini and Hochberg 1995)."""
    ordered = sorted((value, key) for key, value in p.items() if not math.isnan(value))
    last = 0
    for rank, (value, _) in enumerate(ordered, start=1):
        if value <= rate * rank / len(ordered):
            last = rank
    kept = {key for _, key in ordered[:last]}
    return {key: key in kept for key in p}


def e_value(beta: float, ci: tuple[float, float], spread: float) -> dict[str, float]:
    """How strongly an unmeasured confounder would have to go with both sides to explain the effect away, as
    a risk ratio: of the estimate, and of the end of the interval nearer to nothing (VanderWeele, Ding 2017,
    with RR = exp(0.91 beta/SD) for differences of means). 1 says that nothing is needed."""
    low, high = ci
    nearer = 0.0 if low <= 0 <= high else min(low, high, key=abs)
    return {"estimate": _e(beta / spread), "interval": _e(nearer / spread)}


def _e(standardised: float) -> float:
    ratio = math.exp(0.91 * abs(standardised))
    return ratio + math.sqrt(ratio * (ratio - 1))
