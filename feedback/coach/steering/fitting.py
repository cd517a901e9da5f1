"""From measured cells to the report: curves, fits, intervals, the dial."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from feedback.coach.steering import laws, stops
from feedback.coach.steering.curves import preferred
from feedback.coach.steering.plan import Plan
from feedback.coach.steering.resampling import Prompts, draws
from feedback.coach.steering.scores import PASSING, coherent
from feedback.coach.steering.sweep import PROMPT, RANDOM, STEERED, Cell

Cells = dict[Cell, dict[str, Any]]

MOST_WITHOUT = 0.5  # of the resamples: a dial that is gone in more of them is none
MOST_BY_CHANCE = 0.5  # of our move: what a random direction may show beside a usable dial


def arm_rows(cells: Cells, arm: str, grid: tuple[float, ...]) -> list[dict[str, Any]]:
    """Means over the items at each strength; the random arm shares the unsteered point with the steered."""
    base = cells[STEERED, 0.0]
    rows = []
    for r in grid:
        cell = cells[(arm, r) if r or arm == PROMPT else (STEERED, 0.0)]
        sound = coherent(cell["plausible"], cell["repeated"], base)
        rows.append(
            {
                "r": r,
                "alignment": _mean(cell["alignment"]),
                "helpfulness": _mean(cell["helpfulness"]),
                "logprob": _mean(cell["logprob"]),
                "coherent": sum(sound) / len(sound),
                "reply_tokens": _mean(cell["lengths"]),
                "change": _mean(cell["change"]),
                "gap_sd": cell["gap_sd"],
                "gap_distance": cell["gap_distance"],
            }
        )
    return rows


def fits(
    cells: Cells, plan: Plan, floor: float, prompts: Prompts, drawn: dict[str, torch.Tensor]
) -> dict[str, Any]:
    """Both laws and rivals on the fixed range, with 95 % intervals over the resampled prompts `drawn`, and
    the draws: their laws and `curves` [resamples, grid]."""
    grid = torch.tensor(plan.grid, dtype=torch.float64)
    inside = grid.abs() <= plan.fit_range + 1e-9
    r = grid[inside]
    out: dict[str, Any] = {"points": int(inside.sum()), "range": plan.fit_range}
    for name, fit, rival, extra in (
        ("alignment", laws.fit_alignment, laws.fit_alignment_rival, ()),
        ("helpfulness", laws.fit_helpfulness, laws.fit_helpfulness_rival, (floor,)),
    ):
        items = torch.tensor([cells[STEERED, x][name] for x in plan.grid], dtype=torch.float64).T
        mean = items.mean(0, keepdim=True)[:, inside]
        law, wrong = fit(r, mean, *extra), rival(r, mean, *extra)
        curves = drawn[name] @ items
        many = fit(r, curves[:, inside], *extra)
        out[name] = {
            "law": law.first(),
            "interval": {key: _interval(value) for key, value in many.parameters.items()},
            "r2": float(law.r2[0]),
            "aic": float(law.aic[0]),
            "rival": wrong.first(),
            "rival_r2": float(wrong.r2[0]),
            "rival_aic": float(wrong.aic[0]),
            "preferred": preferred(float(law.aic[0]), float(wrong.aic[0])),
            "items": len(items),
            "prompts": prompts.counts()[name],
            "draws": {"curves": curves, "laws": many.rows()},
        }
    zero = out["alignment"]["law"]
    out["alignment"]["slope_at_0"] = zero["a"] * (1 - math.tanh(zero["b0"]) ** 2)
    return out


def dial(
    steered: list[dict[str, Any]],
    found: dict[str, Any],
    plan: Plan,
    *,
    floor: float,
    lowest: float,
    by_chance: float,
    sound: torch.Tensor,
) -> dict[str, Any]:
    """End stops with an interval, what limits them, and whether there is a dial at all; `by_chance` as
    `random_move`, `sound` [resamples, grid] the resampled shares of coherent replies."""
    alignment, helpfulness = found["alignment"]["law"], found["helpfulness"]["law"]
    settings = {"floor": floor, "tolerated": plan.options.tolerated, "lowest": lowest}

    def ends(bend: Seen, fall: Seen, coherent: list[float]) -> tuple[stops.Caps, tuple, list]:
        caps, table = _caps(plan, bend, fall, coherent, floor)
        return caps, stops.end_stops(bend.law, fall.law, caps, **settings), table

    shares = [row["coherent"] for row in steered]
    seen = {
        key: torch.tensor([row[key] for row in steered], dtype=torch.float64)
        for key in ("alignment", "helpfulness")
    }
    caps, (low, high), table = ends(
        Seen(alignment, seen["alignment"]), Seen(helpfulness, seen["helpfulness"]), shares
    )
    many = [
        ends(_drawn(found, "alignment", n), _drawn(found, "helpfulness", n), sound[n].tolist())[1]
        for n in range(plan.options.resamples)
    ]
    trusted, up = caps.trusted, caps.coherent_up
    limits = {
        "tolerated loss": stops.loss_roots(helpfulness, floor, plan.options.tolerated)[1],
        "saturation": stops.saturation(alignment)[1],
        "coherence": up,
        "trust in the fits": trusted,
    }
    reasons = []
    if trusted == 0:
        reasons.append(
            f"a law does not hold on the fixed range: R² {found['alignment']['r2']:.2f} (alignment), "
            f"{found['helpfulness']['r2']:.2f} (helpfulness), {stops.TRUSTED} is needed"
        )
    if alignment["a"] <= 0 and math.isfinite(by_chance):
        reasons.append("the behaviour falls as the dial is turned up")
    if up == 0:
        reasons.append("replies are not coherent at the first step up")
    if limits["tolerated loss"] <= 0:
        reasons.append("helpfulness falls by more than is tolerated as soon as the dial is turned up")
    if not math.isfinite(by_chance):
        reasons.append("the direction does not move the behaviour")
    elif by_chance > MOST_BY_CHANCE:
        reasons.append(f"a random direction of the same length moves the behaviour {by_chance:.0%} as far")
    without = sum(pair[1] <= 0 for pair in many) / len(many)
    if high > 0 and without > MOST_WITHOUT:
        reasons.append(f"no dial holds in {without:.0%} of the resamples")
    if reasons:
        low = high = 0.0
    return {
        "usable": high > 0,
        "reasons": reasons,
        "r_min": low,
        "r_max": high,
        "r_max_interval": _interval(torch.tensor([pair[1] for pair in many], dtype=torch.float64)),
        "without": without,  # share of the resamples in which no dial holds
        "r_min_interval": _interval(torch.tensor([pair[0] for pair in many], dtype=torch.float64)),
        "r_sat": limits["saturation"],
        "r_best": stops.marginal_best(
            alignment, helpfulness, (low, high), floor=floor, weight=plan.options.weight
        ),
        "limits": {key: value if math.isfinite(value) else None for key, value in limits.items()},
        "limited_by": _first_limit(limits, plan.grid[-1]),
        "tolerated": plan.options.tolerated,
        "r2_by_radius": table,
    }


@dataclass(frozen=True)
class Seen:
    """A law and the curve [grid] that it was fitted to."""

    law: dict[str, float]
    curve: torch.Tensor


def _caps(
    plan: Plan, bend: Seen, fall: Seen, coherent: list[float], floor: float
) -> tuple[stops.Caps, list[dict[str, float]]]:
    """What the sweep itself allows, and R² by radius; `coherent`: share of coherent replies by strength."""
    grid = torch.tensor(plan.grid, dtype=torch.float64)
    trusted, table = stops.trusted_radius(
        grid,
        plan.fit_range,
        (laws.alignment_at(bend.law, grid), bend.curve),
        (laws.helpfulness_at(fall.law, grid, floor), fall.curve),
    )
    least = PASSING * coherent[plan.grid.index(0.0)]
    down, up = stops.coherent_reach(list(plan.grid), [share > 0 and share >= least for share in coherent])
    return stops.Caps(coherent_down=down, coherent_up=up, trusted=trusted), table


def _sound(cells: Cells, plan: Plan, drawn: torch.Tensor) -> torch.Tensor:
    """[resamples, grid]: the share of coherent replies to resampled prompts; the yardstick stays."""
    base = cells[STEERED, 0.0]
    found = [coherent(cells[STEERED, r]["plausible"], cells[STEERED, r]["repeated"], base) for r in plan.grid]
    return drawn @ torch.tensor(found).double().T


def _first_limit(limits: dict[str, float], end: float) -> str:
    """What ends the dial. Coherence and fits that hold over the whole grid end with it: nobody looked
    further."""
    first = min(limits, key=lambda key: limits[key])
    measured = first in ("coherence", "trust in the fits") and limits[first] >= end
    return "the end of the sweep" if measured else first


def premises(steered: list[dict[str, Any]], auc: dict[int, float], plan: Plan) -> dict[str, Any]:
    """The three that the laws rest on, as measured: nothing here is assumed."""
    inside = [row for row in steered if abs(row["r"]) <= plan.fit_range + 1e-9]
    r = torch.tensor([abs(row["r"]) for row in inside], dtype=torch.float64)
    change = torch.tensor([row["change"] for row in inside], dtype=torch.float64)
    slope = float((r * change).sum() / (r * r).sum())
    spread = torch.tensor([row["gap_sd"] for row in inside], dtype=torch.float64)
    return {
        "auc": {str(layer): value for layer, value in sorted(auc.items())},
        "change_slope": slope,
        "change_r2": float(laws.r_squared(slope * r, change)),
        "gap_sd_correlation": _correlation(r, spread),
        "gap_distance_largest": max(row["gap_distance"] for row in inside),
    }


def random_move(steered: list[dict], random: list[dict], fit_range: float) -> float:
    """How far a random direction of the same length takes the behaviour from where it stands unsteered, as a
    share of how far ours takes it; infinite where ours does not move it.

    Of the two ends of the fitted range the random direction's farther one counts: it may bend the behaviour
    the same way on both sides, and a difference of its ends would not see that. Ours counts with half of the
    way between its ends.
    """

    def at(rows: list[dict], r: float) -> float:
        return next(row["alignment"] for row in rows if abs(row["r"] - r) < 1e-9)

    ours = abs(at(steered, fit_range) - at(steered, -fit_range)) / 2
    by_chance = max(abs(at(random, end) - at(random, 0.0)) for end in (-fit_range, fit_range))
    return by_chance / ours if ours > 1e-12 else math.inf


def build(
    cells: Cells, plan: Plan, auc: dict[int, float], prompts: Prompts, *, floor: float, lowest: float
) -> dict[str, Any]:
    """Arms, premises, fits and dial of a finished sweep."""
    arms = {arm: arm_rows(cells, arm, plan.grid) for arm in (STEERED, RANDOM)}
    arms[PROMPT] = arm_rows(cells, PROMPT, (0.0,))
    drawn = draws(prompts, plan.options.resamples, torch.Generator().manual_seed(plan.options.seed))
    found = fits(cells, plan, floor, prompts, drawn)
    share = random_move(arms[STEERED], arms[RANDOM], plan.fit_range)
    sound = _sound(cells, plan, drawn["replies"])
    turned = dial(arms[STEERED], found, plan, floor=floor, lowest=lowest, by_chance=share, sound=sound)
    for name in ("alignment", "helpfulness"):
        del found[name]["draws"]
    return tidy(
        {
            "premises": premises(arms[STEERED], auc, plan),
            "arms": arms,
            "random_move": share if math.isfinite(share) else None,
            "fits": found,
            "dial": turned,
        }
    )


def tidy(value: Any) -> Any:
    """Eight digits of every float: the last bits of a solver depend on where its memory happens to lie."""
    if isinstance(value, dict):
        return {key: tidy(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(one) for one in value]
    return float(f"{round(value, 10):.8g}") + 0.0 if isinstance(value, float) else value


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _drawn(found: dict[str, Any], law: str, number: int) -> Seen:
    draws = found[law]["draws"]
    return Seen(draws["laws"][number], draws["curves"][number])


def _interval(values: torch.Tensor) -> list[float]:
    ordered = values.double().sort().values
    last = len(ordered) - 1
    return [float(ordered[math.floor(0.025 * last)]), float(ordered[math.ceil(0.975 * last)])]


def _correlation(one: torch.Tensor, two: torch.Tensor) -> float:
    one, two = one - one.mean(), two - two.mean()
    length = float(one.norm() * two.norm())
    return float(one @ two) / length if length > 1e-12 else 0.0
