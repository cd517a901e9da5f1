"""What is tried for each arm: SIX settings, the published default first. Fixed before anything was measured.

A merge's setting is its scale, or what it keeps. A mixture's is how far to go from the base to it, which
is what a scale is to a merge: so every arm that can be tuned has equally many tries.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from feedback.coach.experts.items import AIMS
from feedback.coach.merging.catalog import METHODS
from feedback.coach.merging.recipe import Expert, Recipe

SIX = 6
LORA = "-lora"  # ends the name of what is an adapter, or made of adapters
FULL_MIXTURES = ("equal-1x", "equal-3x")  # made with every training seed, as is LORA_MIXTURE
LORA_MIXTURE = "equal-3x-lora"
TUNED_MIXTURES = (*FULL_MIXTURES, LORA_MIXTURE)
MIXTURES = (*TUNED_MIXTURES, "heuristic-1x", "heuristic-3x", "reward-1x", "reward-3x")
_SCALES = (1.0, 0.5, 0.75, 0.9, 1.1, 1.25)


@dataclass(frozen=True)
class Try:
    """`arm`: a method, or a mixture that is scaled; ending in LORA, of experts (a mixture) that are adapters.
    `place` 0 is the published default."""

    arm: str
    place: int
    parameters: dict[str, Any] = field(default_factory=dict)
    weights: tuple[float, ...] = (1.0, 1.0, 1.0)

    @property
    def name(self) -> str:
        return self.arm if self.place == 0 else f"{self.arm}#{self.place}"

    @property
    def setting(self) -> str:
        if self.arm == "rewarded_soup":
            return ", ".join(f"{aim} {one:g}" for aim, one in zip(AIMS, self.weights, strict=True))
        return ", ".join(f"{name} {value}" for name, value in self.parameters.items()) or "as published"

    def recipe(self, base: Path, trained: Path) -> Recipe:
        """`trained`: folder of the experts and mixtures of one training seed."""
        adapter = self.arm.endswith(LORA)
        if self.arm in MIXTURES:
            method, experts = "task_arithmetic", (Expert(trained / self.arm, adapter=adapter),)
        else:
            method, ending = self.arm.removesuffix(LORA), LORA if adapter else ""
            experts = tuple(
                Expert(trained / f"{aim}{ending}", weight, adapter=adapter)
                for aim, weight in zip(AIMS, self.weights, strict=True)
            )
        return Recipe(method, base, experts, out_dtype="float32", parameters=self.parameters)


def arm_of(name: str) -> str:
    return name.split("#")[0]


def _scaled(arm: str, name: str, values: tuple[float, ...]) -> list[Try]:
    return [Try(arm, place, {name: value}) for place, value in enumerate(values)]


def _kept(arm: str, keys: tuple[str, str], values: list[tuple[float, float]]) -> list[Try]:
    return [Try(arm, place, dict(zip(keys, pair, strict=True))) for place, pair in enumerate(values)]


_SOUPS = [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (1, 2, 2), (2, 2, 1)]
_CRUMBS = [(0.2, 0.4), (0.2, 0.8), (0.2, 1.2), (0.5, 0.4), (0.5, 0.8), (0.5, 1.2)]
_DELLA = [(0.7, 1.1), (0.7, 0.7), (0.7, 1.5), (0.7, 2.0), (0.4, 1.1), (0.4, 2.0)]

TRIES: dict[str, list[Try]] = {
    "average": [Try("average", 0)],  # nothing to tune: rewarded_soup is its tuned form
    "rewarded_soup": [Try("rewarded_soup", n, {}, tuple(map(float, one))) for n, one in enumerate(_SOUPS)],
    "model_stock": [Try("model_stock", n, {"cosine": one}) for n, one in enumerate(("mean", "angle"))],
    "task_arithmetic": _scaled("task_arithmetic", "lambda", (0.3, 0.5, 0.7, 0.85, 1.0, 1.2)),
    "ties": _kept(
        "ties",
        ("density", "lambda"),
        [(0.2, 1.0), (0.2, 1.5), (0.2, 2.0), (0.5, 1.0), (0.5, 1.5), (0.5, 2.0)],
    ),
    "dare": _kept(
        "dare", ("drop", "lambda"), [(0.9, 1.0), (0.9, 0.5), (0.5, 0.5), (0.5, 0.7), (0.5, 0.85), (0.5, 1.0)]
    ),
    "dare_ties": _kept(
        "dare_ties",
        ("drop", "lambda"),
        [(0.5, 0.5), (0.5, 1.0), (0.5, 1.5), (0.5, 2.0), (0.2, 1.0), (0.2, 1.5)],
    ),
    "della": _kept("della", ("density", "lambda"), _DELLA),
    "della_linear": _kept(
        "della_linear",
        ("density", "lambda"),
        [(0.7, 1.1), (0.7, 0.3), (0.7, 0.5), (0.7, 0.7), (0.7, 0.85), (0.7, 1.0)],
    ),
    "breadcrumbs": _kept("breadcrumbs", ("beta", "alpha"), _CRUMBS),
    "breadcrumbs_ties": _kept("breadcrumbs_ties", ("beta", "alpha"), _CRUMBS),
    "tsvm": _scaled("tsvm", "alpha", (1.0, 0.5, 0.75, 1.25, 1.5, 2.0)),
    "rtsvm": _scaled("rtsvm", "alpha", (1.0, 0.5, 0.75, 1.25, 1.5, 2.0)),
    **{name: _scaled(name, "lambda", _SCALES) for name in TUNED_MIXTURES},
}
MERGES = tuple(METHODS)  # of full fine-tunes
# Does what holds for full fine-tunes hold for adapters? Five methods, with the same tries.
_OF_ADAPTERS = ("average", "task_arithmetic", "ties", "tsvm", "rtsvm")
TRIES |= {f"{arm}{LORA}": [replace(one, arm=f"{arm}{LORA}") for one in TRIES[arm]] for arm in _OF_ADAPTERS}
LORA_MERGES = tuple(f"{arm}{LORA}" for arm in _OF_ADAPTERS)
