"""Positions of a forest plot, ready for a template: no arithmetic is left to do there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from feedback.evidence.study_types import Effect

TICK_STEP = 0.02  # points of the instrument


@dataclass(frozen=True)
class Tick:
    x: float
    x_percent: str
    label: str


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
    width_percent: str
    zero_percent: str


@dataclass(frozen=True)
class ForestScale:
    """A symmetric scale from -limit to +limit, shared by all rows so that techniques compare by eye."""

    limit: float
    ticks: tuple[Tick, ...]

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
            width_percent=percent(high - low),
            zero_percent=percent(zero),
        )

    def at(self, value: float) -> float:
        return round(min(1.0, max(0.0, 0.5 + value / (2 * self.limit))), 4)


def _ends(effect: Effect) -> tuple[float, float, float]:
    low, high = effect.turned_ci
    return low, effect.turned, high


def percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}%"


def forest_scale(effects: Iterable[Effect]) -> ForestScale:
    """The scale that holds every interval of a study; ±0.02 when there is none."""
    widest = max((abs(bound) for effect in effects for bound in effect.ci), default=0.0)
    steps = max(1, math.ceil(round(widest / TICK_STEP, 6)))
    limit = round(steps * TICK_STEP, 4)
    values = (-limit, -limit / 2, 0.0, limit / 2, limit)
    ticks = tuple(
        Tick(round(0.5 + v / (2 * limit), 4), percent(0.5 + v / (2 * limit)), f"{v:+.2f}" if v else "0")
        for v in values
    )
    return ForestScale(limit, ticks)
