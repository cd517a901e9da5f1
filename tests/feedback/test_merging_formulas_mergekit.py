"""`rule = "mergekit"` against its formulas written out in float64: what is checked where the tool is not
installed (test_merging_mergekit.py is the check where it is)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.feedback.test_merging_formulas import alone, close, elect, models  # noqa: F401

RULE = {"rule": "mergekit"}


def largest(taus, kept, skipped=0):
    """By expert `kept` entries of the whole tensor, after its `skipped` largest."""
    out = np.zeros_like(taus)
    for tau, target in zip(taus.reshape(3, -1), out.reshape(3, -1), strict=True):
        chosen = np.argsort(-np.abs(tau), kind="stable")[skipped : skipped + kept]
        target[chosen] = tau[chosen]
    return out


def test_ties_trims_every_tensor_alone(models):  # noqa: F811
    theta0, taus, run = models
    found = run("ties", weights=[1.0, 2.0, 0.5], parameters={"density": 0.3, "lambda": 0.8}, **RULE)
    kept = {name: largest(tau, max(1, int(0.3 * tau[0].size))) for name, tau in taus.items()}
    weighed = {name: 0.8 * elect(one, [1.0, 2.0, 0.5]) for name, one in kept.items()}
    close(found, {name: theta0[name] + weighed[name] for name in theta0})


@pytest.mark.parametrize(("gamma", "beta"), [(0.01, 0.2), (0.2, 0.5)])
def test_breadcrumbs_leaves_out_both_ends_of_a_tensor(models, gamma, beta):  # noqa: F811
    theta0, taus, run = models
    kept = {}
    for name, tau in taus.items():
        share = int(beta * tau[0].size)
        kept[name] = largest(tau, share, min(int(gamma * tau[0].size), tau[0].size - share))
    found = run("breadcrumbs", parameters={"gamma": gamma, "beta": beta}, **RULE)
    close(found, {name: theta0[name] + 0.4 * kept[name].sum(0) for name in theta0})
    found = run("breadcrumbs_ties", parameters={"gamma": gamma, "beta": beta}, **RULE)
    close(found, {name: theta0[name] + 0.4 * elect(kept[name], mean=False) for name in theta0})


@pytest.mark.parametrize(
    ("method", "settings", "elected"),
    [
        ("dare", {"drop": 0.6, "lambda": 1.0}, ("dare_ties", False)),
        ("della_linear", {"density": 0.6, "window": 0.3, "lambda": 1.0}, ("della", True)),
    ],
)
def test_what_is_kept_at_random_has_the_norm_of_before(models, method, settings, elected):  # noqa: F811
    theta0, taus, run = models
    kept = {}
    for name, tau in taus.items():
        kept[name] = alone(run, method, name, parameters=settings, **RULE) - theta0[name]
        kept[name][np.abs(kept[name]) < 1e-14] = 0
        for one, before in zip(kept[name].reshape(3, -1), tau.reshape(3, -1), strict=True):
            if not one.any():
                continue  # a small tensor may lose every entry
            factor = np.abs(before).sum() / np.abs(before[one != 0]).sum()
            np.testing.assert_allclose(one, np.where(one != 0, factor * before, 0), atol=1e-12)
    found = run(method, parameters=settings, **RULE)
    close(found, {name: theta0[name] + kept[name].sum(0) for name in theta0})
    other, mean = elected
    found = run(other, parameters=settings | {"lambda": 0.7}, **RULE)
    close(found, {name: theta0[name] + 0.7 * elect(kept[name], mean=mean) for name in theta0})
