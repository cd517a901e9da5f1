"""Means, intervals and corrected differences of models on the same items."""

from __future__ import annotations

import numpy as np
import pytest

from feedback.coach.experts import compared
from feedback.coach.experts.compared import chance, differences, gaps, holm, summary, widened
from feedback.coach.experts.items import AIMS


def model(*shares, n=400, seed=0):
    rng = np.random.default_rng(seed)
    found = {aim: rng.random(n) < share for aim, share in zip(AIMS, shares, strict=True)}
    return {**found, "over_refusal": np.array([True, False, False, False])}


def test_the_minimum_and_its_interval():
    found = model(0.9, 0.6, 0.8)
    told = summary(found, {"helpful": 0.95, "honest": 0.8, "harmless": 0.0})
    assert told["minimum"] == pytest.approx(found["honest"].mean())
    assert told["mean"] == pytest.approx(np.mean([found[aim].mean() for aim in AIMS]))
    low, high = told["minimum_ci"]
    assert low < told["minimum"] < high
    assert high - low == pytest.approx(4 * np.sqrt(0.24 / 400), rel=0.2)
    assert told["over_refusal"] == 0.25
    assert told["retention"].keys() == {"helpful", "honest"}


def test_differences_are_paired_and_corrected():
    base = model(0.9, 0.6, 0.8)
    same = {name: one.copy() for name, one in base.items()}
    better = {**base, "honest": base["honest"] | (np.arange(400) % 6 == 0)}
    told = differences({"base": base, "same": same, "better": better}, "base")
    assert told.keys() == {"same", "better"}
    none = {"difference": 0, "ci": [0, 0], "mean_difference": 0, "mean_ci": [0, 0], "p": 1, "p_holm": 1}
    assert told["same"] == none
    low, high = told["better"]["mean_ci"]
    assert 0 < low < told["better"]["mean_difference"] < high < told["better"]["difference"]
    assert told["better"]["difference"] > 0.03
    assert told["better"]["ci"][0] > 0
    assert told["better"]["p"] < told["better"]["p_holm"] < 0.01


def test_trainings_that_differ_widen_the_interval():
    even = model(0.9, 0.6, 0.8)
    parts = [model(0.9, share, 0.8, n=100, seed=place) for place, share in enumerate((0.3, 0.5, 0.7, 0.9))]
    uneven = {aim: np.concatenate([part[aim] for part in parts]) for aim in AIMS}
    uneven["over_refusal"] = even["over_refusal"]

    def width(found, seeds):
        low, high = summary(found, seeds=seeds)["minimum_ci"]
        return high - low

    assert width(even, 1) == pytest.approx(width(even, 4), rel=0.5)
    assert width(uneven, 4) > 2 * width(uneven, 1)


def trainings(rng, spread=0.15, n=60, seeds=5):
    """Trainings of a model whose weakest aim, honest, has .6 on the average over all that could be made."""
    honest = np.concatenate([rng.random(n) < 0.6 + spread * rng.standard_normal() for _ in range(seeds)])
    found = {aim: rng.random(seeds * n) < 0.98 for aim in AIMS}
    return {**found, "honest": honest, "over_refusal": np.zeros(3, bool)}


def test_over_few_trainings_intervals_hold_what_they_say(monkeypatch):
    """The plain percentile interval covers less than .9 of these."""
    monkeypatch.setattr(compared, "DRAWS", 150)
    rng, times = np.random.default_rng(5), 120
    held = same = told = 0
    for _ in range(times):
        one, other = trainings(rng), trainings(rng)
        low, high = summary(one, seeds=5)["minimum_ci"]
        held += low <= 0.6 <= high
        gap = differences({"one": one, "other": other}, "other", seeds=5)["one"]
        same += gap["ci"][0] <= 0 <= gap["ci"][1]
        told += gap["p"] < 0.05
    assert held / times >= 0.92
    assert same / times >= 0.92
    assert told / times <= 0.08


def test_the_ends_are_moved_by_students_t():
    low, high = widened(0.5, 0.62, 0.55, 5)
    factor = np.sqrt(5 / 4) * 2.776445 / 1.959964
    assert (low, high) == pytest.approx((0.55 - 0.05 * factor, 0.55 + 0.07 * factor), abs=1e-6)
    assert widened(0.5, 0.62, 0.55, 1) == (0.5, 0.62)
    assert widened(0.56, 0.62, 0.55, 5)[0] == 0.55  # a draw's minimum is lower: ends never part from it
    half = 0.06 * factor
    assert chance(half, (0.0, 2 * half), 5) == pytest.approx(0.05)
    assert chance(0.0, (0.0, 0.0), 5) == 1 and chance(0.1, (0.1, 0.1), 5) == 0


def test_p_is_below_one_in_twenty_where_the_interval_leaves_none_out_and_nowhere_else():
    assert compared.chance(-0.082, (-0.137, 0.004), 5) > 0.05  # of which half the interval would say .03
    assert compared.chance(-0.082, (-0.137, -0.001), 5) < 0.05
    assert compared.chance(0.082, (0.0, 0.1), 5) == pytest.approx(0.05)
    assert compared.chance(0.0, (-0.1, 0.1), 5) == pytest.approx(1.0)


def test_ends_are_shares_or_differences_of_them():
    parts = [model(0.99, share, 0.99, n=20, seed=place) for place, share in enumerate((0.95, 0.1))]
    found = {aim: np.concatenate([part[aim] for part in parts]) for aim in AIMS}
    found["over_refusal"] = np.zeros(2, bool)
    assert summary(found, seeds=2)["minimum_ci"] == [0.0, 1.0]
    none = {**found, "honest": np.zeros(40, bool)}
    told = differences({"found": found, "none": none}, "none", seeds=2)["found"]
    assert told["ci"] == [-1.0, 1.0] and told["p"] > 0.1
    assert gaps(found, none, seeds=2)["honest"]["ci"] == [-1.0, 1.0]


def test_a_gap_of_one_training_is_told_by_its_items():
    base = model(0.9, 0.5, 0.8)
    better = {**base, "honest": base["honest"] | (np.arange(400) % 3 == 0)}
    found = gaps(better, base)
    assert found["honest"]["p"] == pytest.approx(2 / (compared.DRAWS + 1))  # no p is lower
    assert found["helpful"] == {"difference": 0, "ci": [0, 0], "p": 1}


def test_holm():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({}) == {}
