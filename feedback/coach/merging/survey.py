"""Passes over the whole model that some methods need before the first tensor can be merged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedback.coach.merging import outliers
from feedback.coach.merging.methods import Surveyed, spectral_here, threshold_group
from feedback.coach.merging.recipe import Recipe
from feedback.coach.merging.selection import Selection
from feedback.coach.merging.stacks import Inputs

Step = Callable[[str], None]


def passes(recipe: Recipe) -> int:
    """How often the model is read before it is merged."""
    if recipe.method == "ties" and recipe.rule == "paper":
        return 2 if recipe.dtype == "float32" else 4
    return 2 if recipe.method == "rtsvm" else 0


def survey(recipe: Recipe, inputs: Inputs, names: list[str], step: Step) -> Surveyed:
    """`step` is called with what was done after each tensor, and may raise to end it."""
    if recipe.method == "ties" and recipe.rule == "paper":
        return Surveyed(thresholds=_thresholds(recipe, inputs, names, step))
    if recipe.method == "rtsvm":
        counts: dict[str, list[int]] = {}
        for name in names:
            if spectral_here(recipe, inputs.base.shape(name)):
                counts[name] = outliers.dense_counts(inputs.stack(name), recipe.settings(name))
                step(f"density of {name}")
        return with_shares(counts, inputs)
    return Surveyed()


def with_shares(counts: dict[str, list[int]], inputs: Inputs) -> Surveyed:
    sizes = {name: inputs.stack(name).size for name in counts}
    return Surveyed(counts=counts, shares=outliers.layer_shares(counts, sizes) if counts else {})


def as_json(surveyed: Surveyed) -> dict[str, Any]:
    return {"thresholds": surveyed.thresholds, "counts": surveyed.counts}


def from_json(kept: dict[str, Any], inputs: Inputs) -> Surveyed:
    if kept["counts"]:
        return with_shares(kept["counts"], inputs)
    return Surveyed(thresholds={int(place): found for place, found in kept["thresholds"].items()})


def _thresholds(recipe: Recipe, inputs: Inputs, names: list[str], step: Step) -> dict[int, list[float]]:
    """TIES' k-th largest magnitude of each expert's whole task vector, k = max(1, ⌊K·n⌋); by radix search."""
    members: dict[int, list[str]] = {}
    for name in names:
        members.setdefault(threshold_group(recipe, name), []).append(name)
    return {place: _of_vector(recipe, inputs, inside, step) for place, inside in members.items()}


def _of_vector(recipe: Recipe, inputs: Inputs, names: list[str], step: Step) -> list[float]:
    size = sum(inputs.stack(name).size for name in names)
    density = float(recipe.settings(names[0])["density"])
    if density <= 0:
        return [float("inf")] * len(inputs.experts)
    picks = [Selection([max(1, int(density * size))], size, inputs.dtype) for _ in inputs.experts]
    for number in range(picks[0].passes):
        for name in names:
            for piece in inputs.stack(name).pieces():
                for place, pick in enumerate(picks):
                    pick.feed(piece.delta(place).abs_())
            step(f"threshold, pass {number + 1}: {name}")
        for pick in picks:
            pick.narrow()
    return [pick.bounds()[0].threshold for pick in picks]
