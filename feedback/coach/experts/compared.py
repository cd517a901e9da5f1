"""Models side by side: shares with intervals, and differences from one of them, paired and corrected.

The primary measure is the minimum over the three aims; the mean, what is kept of each expert's own score, and
over-refusal stand beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedback.coach.experts.items import AIMS

DRAWS = 2000


def summary(
    found: dict[str, np.ndarray], experts: dict[str, float] | None = None, seed: int = 0, seeds: int = 1
) -> dict[str, Any]:
    """A model's measures with 95 % intervals over resampled items; `experts`: each aim's expert's share.

    `seeds`: how many equally long parts, each of another training, the items fall into; then these are
    resampled first."""
    shares = {aim: float(found[aim].mean()) for aim in AIMS}
    draws = _drawn(found, seed, seeds)
    least, mean = draws.min(1), draws.mean(1)
    told: dict[str, Any] = {
        "n": {aim: len(found[aim]) for aim in AIMS},
        **shares,
        "minimum": min(shares.values()),
        "minimum_ci": _interval(least),
        "mean": float(np.mean(list(shares.values()))),
        "mean_ci": _interval(mean),
        "over_refusal": float(found["over_refusal"].mean()) if len(found["over_refusal"]) else None,
    }
    if experts:
        told["retention"] = {aim: shares[aim] / experts[aim] for aim in AIMS if experts.get(aim)}
    return told


def differences(
    models: dict[str, dict[str, np.ndarray]], reference: str, seed: int = 0, seeds: int = 1
) -> dict[str, dict[str, Any]]:
    """Each other model's minimum less the reference's, and so its mean: paired bootstrap over items (and
    `seeds`, as in `summary`), Holm over the models for the minimum."""
    base = _drawn(models[reference], seed, seeds)
    point = min(float(models[reference][aim].mean()) for aim in AIMS)
    told, chances = {}, {}
    for name, found in models.items():
        if name == reference:
            continue
        draws = _drawn(found, seed, seeds)
        gap = draws.min(1) - base.min(1)
        below = (np.sum(gap <= 0) + 1) / (DRAWS + 1)
        above = (np.sum(gap >= 0) + 1) / (DRAWS + 1)
        chances[name] = min(1.0, 2 * min(below, above))
        least = min(float(found[aim].mean()) for aim in AIMS)
        told[name] = {"difference": least - point, "ci": _interval(gap), "p": chances[name]}
        mean = float(np.mean([found[aim].mean() - models[reference][aim].mean() for aim in AIMS]))
        told[name] |= {"mean_difference": mean, "mean_ci": _interval(draws.mean(1) - base.mean(1))}
    for name, corrected in holm(chances).items():
        told[name]["p_holm"] = corrected
    return told


def gaps(
    found: dict[str, np.ndarray], other: dict[str, np.ndarray], seed: int = 0, seeds: int = 1
) -> dict[str, dict[str, Any]]:
    """By aim, `found`'s share less `other`'s (`difference`) with its paired interval (`ci`)."""
    draws = _drawn(found, seed, seeds) - _drawn(other, seed, seeds)
    return {
        aim: {
            "difference": float(found[aim].mean() - other[aim].mean()),
            "ci": _interval(draws[:, place]),
        }
        for place, aim in enumerate(AIMS)
    }


def holm(chances: dict[str, float]) -> dict[str, float]:
    """Holm 1979: step-down p values."""
    corrected, most = {}, 0.0
    for place, (name, chance) in enumerate(sorted(chances.items(), key=lambda pair: pair[1])):
        most = max(most, min(1.0, chance * (len(chances) - place)))
        corrected[name] = most
    return corrected


def _drawn(found: dict[str, np.ndarray], seed: int, seeds: int) -> np.ndarray:
    """Shares by aim of resampled items, [draws, aims]; the same items for every model with the same seed."""
    rng = np.random.default_rng(seed)
    parts = {aim: found[aim].astype(np.float32).reshape(seeds, -1) for aim in AIMS}
    draws = np.empty((DRAWS, len(AIMS)))
    for draw in draws:
        chosen = rng.integers(seeds, size=(seeds, 1))
        for place, aim in enumerate(AIMS):
            right = parts[aim]
            items = rng.integers(right.shape[1], size=right.shape)
            draw[place] = right[chosen, items].mean()
    return draws


def _interval(draws: np.ndarray) -> list[float]:
    return [float(value) for value in np.percentile(draws, (2.5, 97.5))]
