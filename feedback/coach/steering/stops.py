"""How far a dial may be turned: the end stops, from the fits and what was seen in the sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from feedback.coach.steering.laws import alignment_at, helpfulness_at, r_squared

SATURATED = 1.83  # tanh = .95
TRUSTED = 0.9  # R² of a fit that may set a stop


@dataclass(frozen=True)
class Caps:
    """What the sweep itself allows on either side, as lengths >= 0: the last coherent grid point, and the
    radius up to which both laws keep their R²."""

    coherent_down: float
    coherent_up: float
    trusted: float


def loss_roots(fit: dict[str, float], floor: float, tolerated: float) -> tuple[float, float]:
    """The two r where the law has lost the tolerated share of its value at 0; infinite if it never does."""
    zero = float(helpfulness_at(fit, torch.zeros(()), floor))
    target = (1 - tolerated) * zero
    if fit["k"] <= 0 or target <= floor or fit["P0"] <= floor:
        return -math.inf, math.inf
    reach = math.sqrt(max(0.0, ((fit["P0"] - floor) / (target - floor) - 1) / fit["k"]))
    return fit["r0"] - reach, fit["r0"] + reach


def saturation(fit: dict[str, float]) -> tuple[float, float]:
    """The two r where the behaviour is as good as complete; (0, 0) for a dial that turns the wrong way."""
    if fit["a"] <= 0:
        return 0.0, 0.0
    return (-SATURATED - fit["b0"]) / fit["a"], (SATURATED - fit["b0"]) / fit["a"]


def end_stops(
    alignment: dict[str, float],
    helpfulness: dict[str, float],
    caps: Caps,
    *,
    floor: float,
    tolerated: float,
    lowest: float,
) -> tuple[float, float]:
    """(r_min <= 0, r_max >= 0)."""
    down, up = loss_roots(helpfulness, floor, tolerated)
    sat_down, sat_up = saturation(alignment)
    high = min(up, sat_up, caps.coherent_up, caps.trusted)
    low = max(down, sat_down, -caps.coherent_down, -caps.trusted, lowest)
    return min(0.0, low) + 0.0, max(0.0, high)


def trusted_radius(
    grid: torch.Tensor, fixed: float, *pairs: tuple[torch.Tensor, torch.Tensor]
) -> tuple[float, list[dict[str, float]]]:
    """The widest radius, at least the fixed range, within which every law (value, data) keeps its R²;
    0 when the fixed range itself fails. With the R² by radius."""
    table, widest, holds = [], 0.0, True
    for radius in sorted({float(r) for r in grid.abs() if float(r) >= fixed - 1e-9}):
        inside = grid.abs() <= radius + 1e-9
        found = [float(r_squared(value[inside], data[inside])) for value, data in pairs]
        table.append({"radius": radius, "alignment": found[0], "helpfulness": found[1]})
        holds = holds and min(found) >= TRUSTED
        if holds:
            widest = radius
    return widest, table


def coherent_reach(grid: list[float], passed: list[bool]) -> tuple[float, float]:
    """Lengths (down, up) of the unbroken run of coherent grid points around 0."""
    verdicts = dict(zip(grid, passed, strict=True))

    def reach(side: list[float]) -> float:
        last = 0.0
        for r in side:
            if not verdicts[r]:
                break
            last = abs(r)
        return last

    if not verdicts.get(0.0, False):
        return 0.0, 0.0
    return reach(sorted((r for r in grid if r <= 0), reverse=True)), reach(sorted(r for r in grid if r >= 0))


def marginal_best(
    alignment: dict[str, float],
    helpfulness: dict[str, float],
    stops: tuple[float, float],
    *,
    floor: float,
    weight: float,
) -> float:
    """The r in [0, r_max] with the most `weight · gain - relative loss`."""
    r = torch.linspace(0.0, stops[1], 401, dtype=torch.float64)
    gain = alignment_at(alignment, r) - math.tanh(alignment["b0"])
    value = helpfulness_at(helpfulness, r, floor)
    loss = 1 - value / value[0].clamp(min=1e-12)
    return float(r[int((weight * gain - loss).argmax())])
