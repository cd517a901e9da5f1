"""Passes over the whole model that some methods need before the first tensor can be merged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedback.coach.merging import outliers
from feedback.coach.merging.methods import Surveyed, spectral_here, threshold_group
from feedback.coach.merging.recipe import Recipe
from feedback.coach.merging.selection import Selection
from feedback.coach.merging.stacks import Inputs

# Calls a function with each name, on as many threads as there are, and says what was done.
Each = Callable[[list[str], Callable[[str], None], str], None]


def passes(recipe: Recipe) -> int:
    """How often the model is read before it is merged."""
    if recipe.method == "ties" and recipe.rule == "paper":
        return 2 if recipe.dtype == "float32" else 4
    return 2 if recipe.method == "rtsvm" else 0


def survey(recipe: Recipe, inputs: Inputs, names: list[str], each: Each) -> Surveyed:
    """All that `recipe`'s method has to know beforehand."""
    if recipe.method == "ties" and recipe.rule == "paper":
        return Surveyed(thresholds=_thresholds(recipe, inputs, names, each))
    if recipe.method == "rtsvm":
        counts: dict[str, list[int]] = {}

        def count(name: str) -> None:
            counts[name] = outliers.dense_counts(inputs.stack(name), recipe.settings(name))

        each([name for name in names if spectral_here(recipe, inputs.base.shape(name))], count, "density of")
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


def _thresholds(recipe: Recipe, inputs: Inputs, names: list[str], each: Each) -> dict[int, list[float]]:
    """TIES' k-th largest magnitude of each expert's whole task vector, k = max(1, ⌊K·n⌋); by radix search."""
    members: dict[int, list[str]] = {}
    for name in names:
        members.setdefault(threshold_group(recipe, name), []).append(name)
    return {place: _of_vector(recipe, inputs, inside, each) for place, inside in members.items()}


def _of_vector(recipe: Recipe, inputs: Inputs, names: list[str], each: Each) -> list[float]:
    size = sum(inputs.stack(name).size for name in names)
    density = float(recipe.settings(names[0])["density"])
    if density <= 0:
        return [float("inf")] * len(inputs.experts)
    picks = [Selection([max(1, int(density * size))], size, inputs.dtype) for _ in inputs.experts]

    def feed(name: str) -> None:
        for piece in inputs.stack(name).pieces():
            for place, pick in enumerate(picks):
                pick.feed(piece.delta(place).abs_())

    for number in range(picks[0].passes):
        each(names, feed, f"threshold, pass {number + 1}:")
        for pick in picks:
            pick.narrow()
    return [pick.bounds()[0].threshold for pick in picks]
