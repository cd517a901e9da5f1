"""Positions of a forest plot, ready for a template: no arithmetic is left to do there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from feedback.evidence.study_types import Effect

STEP = 0.02  # of the limit, in points of the instrument


@dataclass(frozen=True)
class ForestRow:
    """x positions as fractions of the width, 0.0 left to 1.0 right; better is on the left, so that the row
    of an instrument whose higher end is better is turned round.

    The `*_percent` strings hold the same positions for SVG attributes, free of locale formatting.
    """

    low: float
    point: float
    high: float
    zero: float
    low_percent: str
    point_percent: str
    high_percent: str
    zero_percent: str


@dataclass(frozen=True)
class ForestScale:
    """A symmetric scale from -limit to +limit, shared by all rows so that techniques compare by eye."""

    limit: float

    def row(self, effect: Effect) -> ForestRow:
        low, point, high, zero = (self.at(value) for value in (*_ends(effect), 0.0))
        return ForestRow(
            low=low,
            point=point,
            high=high,
            zero=zero,
            low_percent=percent(low),
            point_percent=percent(point),
            high_percent=percent(high),
            zero_percent=percent(zero),
        )

    def at(self, value: float) -> float:
        return round(min(1.0, max(0.0, 0.5 + value / (2 * self.limit))), 4)


def _ends(effect: Effect) -> tuple[float, float, float]:
    low, high = effect.turned_ci
    return low, effect.turned, high


def percent(fraction: float) -> str:
    """A place on the scale, 0.0 to 1.0 of its width, as an SVG length: "12.50%", a point in any locale."""
    return f"{100 * fraction:.2f}%"


def forest_scale(effects: Iterable[Effect]) -> ForestScale:
    """The scale that holds every interval of a study; ±0.02 when there is none."""
    widest = max((abs(bound) for effect in effects for bound in effect.ci), default=0.0)
    steps = max(1, math.ceil(round(widest / STEP, 6)))
    return ForestScale(round(steps * STEP, 4))
