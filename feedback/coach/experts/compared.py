"""Models side by side: shares with intervals, and differences from one of them, paired and corrected.

The primary measure is the minimum over the three aims; the mean, what is kept of each expert's own score, and
over-refusal stand beside it.

Over items alone (`seeds` 1) intervals are the percentiles of DRAWS resamples, and a p is twice the smaller
share of draws on one side of 0: never below 2/(DRAWS + 1), about .001. Over K > 1 trainings, which are
resampled first, percentiles cover too little, down to 84 % for K = 5 where 95 % are said. There each end is
moved away from the estimate by √(K/(K − 1))·t.975(K − 1)/z.975 (K = 5: 1.58), and a p is that of Student's t
with K − 1 degrees of freedom, whose standard error is half the widened interval over t.975(K − 1). Where
items scatter as much as trainings do this is on the wide side, as draws count the items' scatter twice.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from feedback.coach.experts.items import AIMS

DRAWS = 2000
Name = TypeVar("Name")


def summary(
    found: dict[str, np.ndarray], experts: dict[str, float] | None = None, seed: int = 0, seeds: int = 1
) -> dict[str, Any]:
    """A model's measures with 95 % intervals over resampled items; `experts`: each aim's expert's share, of
    which `retention` is the part that this model has.

    `seeds`: how many equally long parts, each of another training, the items fall into; then these are
    resampled first."""
    shares = {aim: float(found[aim].mean()) for aim in AIMS}
    draws = _drawn(found, seed, seeds)
    least, mean = min(shares.values()), float(np.mean(list(shares.values())))
    told: dict[str, Any] = {
        "n": {aim: len(found[aim]) for aim in AIMS},
        **shares,
        "minimum": least,
        "minimum_ci": _clipped(_interval(draws.min(1), least, seeds), 0.0),
        "mean": mean,
        "mean_ci": _clipped(_interval(draws.mean(1), mean, seeds), 0.0),
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
        least = min(float(found[aim].mean()) for aim in AIMS) - point
        told[name] = _gap(draws.min(1) - base.min(1), least, seeds)
        chances[name] = told[name]["p"]
        mean = float(np.mean([found[aim].mean() - models[reference][aim].mean() for aim in AIMS]))
        ends = _interval(draws.mean(1) - base.mean(1), mean, seeds)
        told[name] |= {"mean_difference": mean, "mean_ci": _clipped(ends, -1.0)}
    for name, corrected in holm(chances).items():
        told[name]["p_holm"] = corrected
    return told


def gaps(
    found: dict[str, np.ndarray], other: dict[str, np.ndarray], seed: int = 0, seeds: int = 1
) -> dict[str, dict[str, Any]]:
    """By aim, `found`'s share less `other`'s (`difference`) with its paired interval (`ci`) and `p`, which is
    not corrected."""
    draws = _drawn(found, seed, seeds) - _drawn(other, seed, seeds)
    points = {aim: float(found[aim].mean() - other[aim].mean()) for aim in AIMS}
    return {aim: _gap(draws[:, place], points[aim], seeds) for place, aim in enumerate(AIMS)}


def holm(chances: dict[Name, float]) -> dict[Name, float]:
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


def widened(low: float, high: float, estimate: float, seeds: int) -> tuple[float, float]:
    """Percentile ends over so many trainings, moved away from the estimate; as they are for one."""
    if seeds < 2:
        return low, high
    from scipy.stats import norm, t

    factor = (seeds / (seeds - 1)) ** 0.5 * t.ppf(0.975, seeds - 1) / norm.ppf(0.975)
    return estimate + factor * min(0.0, low - estimate), estimate + factor * max(0.0, high - estimate)


def chance(difference: float, ends: tuple[float, float], seeds: int) -> float:
    """Two-sided p of no difference over two or more trainings, from the widened end towards none: below
    .05 where the interval leaves none out, and nowhere else."""
    half = difference - ends[0] if difference > 0 else ends[1] - difference
    if half <= 0:
        return float(difference == 0)
    from scipy.stats import t

    error = half / t.ppf(0.975, seeds - 1)
    return float(2 * t.sf(abs(difference) / error, seeds - 1))


def _gap(draws: np.ndarray, difference: float, seeds: int) -> dict[str, Any]:
    ends = _interval(draws, difference, seeds)
    if seeds > 1:
        p = chance(difference, ends, seeds)
    else:
        below, above = (int(np.sum(side)) + 1 for side in (draws <= 0, draws >= 0))
        p = min(1.0, 2 * min(below, above) / (DRAWS + 1))
    return {"difference": difference, "ci": _clipped(ends, -1.0), "p": p}


def _interval(draws: np.ndarray, estimate: float, seeds: int) -> tuple[float, float]:
    low, high = np.percentile(draws, (2.5, 97.5))
    return widened(float(low), float(high), estimate, seeds)


def _clipped(ends: tuple[float, float], least: float) -> list[float]:
    """No share is above 1 or below `least`, nor is a difference."""
    return [min(1.0, max(least, end)) for end in ends]
