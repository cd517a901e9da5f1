"""The fits find planted parameters and beat their wrong-order rivals; the end stops follow from them."""

from __future__ import annotations

import math

import pytest
import torch

from feedback.coach.steering import laws, stops

GRID = torch.linspace(-2, 2, 9, dtype=torch.float64)
ALIGNED = {"a": 0.8, "b0": -0.3}
HELPFUL = {"P0": 0.7, "k": 0.04, "r0": 0.1}


@pytest.mark.parametrize(("a", "b0"), [(0.8, -0.3), (-0.2, 1.1), (3.0, 0.0), (0.01, -2.0)])
def test_alignment_is_recovered(a, b0):
    fit = laws.fit_alignment(GRID, torch.tanh(a * GRID + b0)[None])
    assert fit.first() == pytest.approx({"a": a, "b0": b0}, abs=1e-6)
    assert float(fit.r2[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("floor", [0.0, 0.25])
@pytest.mark.parametrize(("k", "r0"), [(0.04, 0.0), (0.5, 0.3), (3.0, -1.2), (0.002, 0.0)])
def test_helpfulness_is_recovered_on_any_floor(floor, k, r0):
    truth = {"P0": 0.7, "k": k, "r0": r0}
    fit = laws.fit_helpfulness(GRID, laws.helpfulness_at(truth, GRID, floor)[None], floor)
    assert fit.first() == pytest.approx(truth, rel=1e-4, abs=1e-4)


def test_many_curves_at_once_are_fitted_as_each_alone():
    noise = 0.05 * torch.randn(6, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    curves = torch.tanh(0.8 * GRID - 0.3)[None] + noise
    together = laws.fit_alignment(GRID, curves)
    for number in range(6):
        alone = laws.fit_alignment(GRID, curves[number : number + 1])
        assert float(alone.parameters["a"][0]) == pytest.approx(float(together.parameters["a"][number]))


def test_each_law_beats_its_rival_on_its_own_data_and_loses_on_the_rivals():
    straight, bent = torch.tanh(0.8 * GRID)[None], (0.1 + 0.05 * GRID**2)[None]
    assert laws.fit_alignment(GRID, straight).aic < laws.fit_alignment_rival(GRID, straight).aic
    assert laws.fit_alignment(GRID, bent).aic > laws.fit_alignment_rival(GRID, bent).aic
    round_, tent = laws.helpfulness_at(HELPFUL, GRID, 0.0)[None], (0.7 * (1 - 0.1 * GRID.abs()))[None]
    assert laws.fit_helpfulness(GRID, round_).aic < laws.fit_helpfulness_rival(GRID, round_).aic
    assert laws.fit_helpfulness(GRID, tent).aic > laws.fit_helpfulness_rival(GRID, tent).aic


def test_a_flat_curve_explains_nothing():
    assert float(laws.fit_alignment(GRID, torch.full((1, 9), 0.2, dtype=torch.float64)).r2[0]) == 0.0


@pytest.mark.parametrize("tolerated", [0.05, 0.1, 0.3])
def test_the_plain_law_has_the_closed_form_stop(tolerated):
    fit = {"P0": 0.7, "k": 0.04, "r0": 0.0}
    low, high = stops.loss_roots(fit, 0.0, tolerated)
    assert high == pytest.approx(math.sqrt(tolerated / (0.04 * (1 - tolerated))))
    assert low == pytest.approx(-high)


def test_with_shift_and_floor_the_loss_at_the_stop_is_what_is_tolerated():
    values = laws.helpfulness_at(
        HELPFUL, torch.tensor([0.0, *stops.loss_roots(HELPFUL, 0.25, 0.1)], dtype=torch.float64), 0.25
    )
    assert (1 - values[1:] / values[0]).tolist() == pytest.approx([0.1, 0.1])
    assert stops.loss_roots(HELPFUL, 0.25, 0.9) == (-math.inf, math.inf)  # chance alone is better


def test_the_nearest_limit_ends_the_dial():
    settings = {"floor": 0.0, "tolerated": 0.1, "lowest": -math.inf}
    free = stops.Caps(coherent_down=9, coherent_up=9, trusted=9)
    low, high = stops.end_stops(ALIGNED, HELPFUL, free, **settings)
    assert high == pytest.approx(stops.loss_roots(HELPFUL, 0.0, 0.1)[1])
    assert low == pytest.approx(stops.loss_roots(HELPFUL, 0.0, 0.1)[0])
    steep = {"a": 3.0, "b0": -0.3}
    assert stops.end_stops(steep, HELPFUL, free, **settings)[1] == pytest.approx((1.83 + 0.3) / 3)
    gibberish = stops.Caps(coherent_down=9, coherent_up=0.5, trusted=9)
    assert stops.end_stops(ALIGNED, HELPFUL, gibberish, **settings)[1] == 0.5
    assert stops.end_stops(ALIGNED, HELPFUL, free, **(settings | {"lowest": 0.0}))[0] == 0.0
    assert stops.end_stops({"a": -0.8, "b0": 0.0}, HELPFUL, free, **settings) == (0.0, 0.0)


def test_coherence_is_followed_from_zero_outwards():
    grid = [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert stops.coherent_reach(grid, [True, False, True, True, True]) == (0.0, 2.0)
    assert stops.coherent_reach(grid, [True, True, True, False, True]) == (2.0, 0.0)
    assert stops.coherent_reach(grid, [True, True, False, True, True]) == (0.0, 0.0)


def test_a_fit_is_trusted_as_far_as_it_holds():
    grid = torch.linspace(-4, 4, 17, dtype=torch.float64)
    good = laws.helpfulness_at(HELPFUL, grid, 0.0)
    breaks = torch.where(grid.abs() > 3.2, -torch.ones_like(grid), torch.tanh(0.8 * grid - 0.3))
    fit = torch.tanh(0.8 * grid - 0.3)
    assert stops.trusted_radius(grid, 2.0, (fit, fit), (good, good))[0] == 4.0
    assert stops.trusted_radius(grid, 2.0, (fit, breaks), (good, good))[0] == 3.0
    assert stops.trusted_radius(grid, 2.0, (fit, -fit), (good, good))[0] == 0.0


def test_the_marginal_rule_weighs_gain_against_loss():
    both = {"floor": 0.0}
    much = stops.marginal_best(ALIGNED, HELPFUL, (0.0, 1.6), weight=1.0, **both)
    little = stops.marginal_best(ALIGNED, HELPFUL, (0.0, 1.6), weight=0.01, **both)
    assert 0 < little < much <= 1.6
