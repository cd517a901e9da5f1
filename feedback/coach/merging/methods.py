"""Which arithmetic a method does on which tensor: the one place where names of methods meet functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import torch

from feedback.coach.merging import averaging, election, outliers, spectral
from feedback.coach.merging.recipe import Parameters, Recipe
from feedback.coach.merging.sparsifying import thinning
from feedback.coach.merging.stacks import Piece, Stack

_ELECTED = {"ties", "dare_ties", "della", "breadcrumbs_ties"}
# Where mergekit sums the entries that agree, it does not divide by how many they are.
_MEANS = {"paper": {"ties", "dare_ties", "della"}, "mergekit": {"ties", "della"}}

Rule = Callable[[Piece], torch.Tensor]


@dataclass
class Surveyed:
    """What a method has to know of the whole model before it merges the first tensor.

    `thresholds`: TIES' bounds by place of the group and expert; `counts`, `shares`: dense entries and part of
    the rank by matrix, for `rtsvm`, our own formulation (see `outliers`).
    """

    thresholds: dict[int, list[float]] = field(default_factory=dict)
    counts: dict[str, list[int]] = field(default_factory=dict)
    shares: dict[str, Fraction] = field(default_factory=dict)


@dataclass
class Prepared:
    """A method for one tensor. `whole`: it wants all rows in one piece; `baseless`: it reads the experts
    alone; `facts`: for the manifest."""

    rule: Rule
    whole: bool = False
    baseless: bool = False
    facts: dict[str, float] = field(default_factory=dict)


def spectral_here(recipe: Recipe, shape: tuple[int, ...]) -> bool:
    """Whether singular vectors are taken of a tensor of this shape: of matrices with a rank to share."""
    return recipe.method in ("tsvm", "rtsvm") and len(shape) == 2 and min(shape) >= len(recipe.experts)


def prepared(recipe: Recipe, stack: Stack, surveyed: Surveyed) -> Prepared:
    """May go over the tensor once or more, for a method that needs its norms, order or angles first."""
    settings, weights = recipe.settings(stack.name), [expert.weight for expert in recipe.experts]
    if recipe.method in ("average", "rewarded_soup"):
        shares = [weight / sum(weights) for weight in weights]
        return Prepared(lambda piece: averaging.mean(piece.experts, shares), baseless=True)
    if recipe.method == "model_stock":
        return _stock(stack, settings)
    if recipe.method in ("tsvm", "rtsvm"):
        return _spectral(recipe, stack, settings, surveyed)
    return _task_vectors(recipe, stack, settings, weights, surveyed)


def _stock(stack: Stack, settings: Parameters) -> Prepared:
    t = averaging.stock_ratio(stack, str(settings["cosine"]))
    equal = [t / stack.count] * stack.count
    return Prepared(lambda piece: averaging.mean(piece.deltas, equal).add_(piece.base), facts={"t": t})


def _spectral(recipe: Recipe, stack: Stack, settings: Parameters, surveyed: Surveyed) -> Prepared:
    alpha = float(settings["alpha"])
    if not spectral_here(recipe, stack.shape):
        equal = [alpha / stack.count] * stack.count
        return Prepared(lambda piece: averaging.mean(piece.deltas, equal).add_(piece.base))
    rank = min(stack.shape)
    robust = recipe.method == "rtsvm"
    if robust:
        ranks = outliers.shared_ranks(rank, surveyed.counts[stack.name], surveyed.shares[stack.name])
    else:
        ranks = spectral.equal_ranks(rank, stack.count)
    facts: dict[str, float] = {}

    def rule(piece: Piece) -> torch.Tensor:
        found = (piece.delta(place) for place in range(stack.count))
        deltas = (outliers.weigh(delta, settings) for delta in found) if robust else found
        merged, facts["least_singular"] = spectral.merged_vectors(deltas, ranks)
        return merged.mul_(alpha).add_(piece.base)

    return Prepared(rule, whole=True, facts=facts)


def _task_vectors(
    recipe: Recipe, stack: Stack, settings: Parameters, weights: list[float], surveyed: Surveyed
) -> Prepared:
    thresholds = surveyed.thresholds.get(threshold_group(recipe, stack.name))
    thin = thinning(recipe.method, recipe.rule, stack, settings, recipe.seed, thresholds)
    scale = float(settings["lambda"] if "lambda" in settings else settings["alpha"])
    mean = recipe.method in _MEANS[recipe.rule]

    def rule(piece: Piece) -> torch.Tensor:
        deltas = piece.deltas
        if thin:
            deltas = [thin(place, delta) for place, delta in enumerate(deltas)]
        if recipe.method in _ELECTED:
            merged = election.elected(deltas, weights, mean=mean)
        else:
            merged = election.total(deltas, weights)
        return merged.mul_(scale).add_(piece.base)

    return Prepared(rule)


def threshold_group(recipe: Recipe, name: str) -> int:
    """The vector that TIES trims as one: all tensors, less those of groups with a density of their own."""
    place = recipe.group_of(name)
    return place if place >= 0 and "density" in recipe.groups[place].parameters else -1
