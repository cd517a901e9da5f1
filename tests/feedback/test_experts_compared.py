"""Means, intervals and corrected differences of models on the same items."""

from __future__ import annotations

import numpy as np
import pytest

from feedback.coach.experts.compared import differences, holm, summary
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


def test_holm():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({}) == {}
