"""The random-intercept fit against statsmodels, and what it says when there is nothing to fit."""

from __future__ import annotations

import numpy as np
import pytest

from feedback.evidence.study import mixed
from feedback.evidence.study.problems import StudyError

NAMES = ("const", "a", "b")


def made(groups: int = 150, *, between: float = 0.8, seed: int = 3):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 5, groups)
    labels = np.repeat(np.arange(groups), sizes)
    x = np.column_stack([np.ones(len(labels)), random.normal(size=(len(labels), 2))])
    own = random.normal(0, between, groups)[labels]
    return x, x @ [1.0, 0.5, -0.25] + own + random.normal(size=len(labels)), labels


def test_statsmodels_gives_the_same_estimates():
    from statsmodels.regression.mixed_linear_model import MixedLM

    x, y, groups = made()
    ours = mixed.fit(x, y, groups, NAMES)
    theirs = MixedLM(y, x, groups).fit(reml=True)
    np.testing.assert_allclose(ours.beta, theirs.fe_params, rtol=1e-4)
    np.testing.assert_allclose(ours.theta**2, float(theirs.cov_re[0, 0]) / theirs.scale, rtol=1e-2)
    np.testing.assert_allclose(ours.sigma2, theirs.scale, rtol=1e-3)


def test_one_observation_each_is_least_squares_and_says_so():
    x, y, _ = made()
    found = mixed.fit(x, y, np.arange(len(y)), NAMES)
    np.testing.assert_allclose(found.beta, np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-8)
    assert found.method.startswith("OLS")
    residual = y - x @ found.beta
    bread = np.linalg.inv(x.T @ x)
    cov = bread @ (x.T * residual**2) @ x @ bread * len(y) / (len(y) - 1)
    np.testing.assert_allclose(found.se, np.sqrt(np.diag(cov)), rtol=1e-8)


def test_the_order_of_rows_does_not_matter():
    x, y, groups = made()
    mixed_up = np.random.default_rng(0).permutation(len(y))
    again = mixed.fit(x[mixed_up], y[mixed_up], groups[mixed_up], NAMES)
    np.testing.assert_allclose(again.beta, mixed.fit(x, y, groups, NAMES).beta, rtol=1e-8)


def test_bootstrap_intervals_are_about_as_wide_as_the_robust_ones():
    x, y, groups = made(400)
    found = mixed.fit(x, y, groups, NAMES)
    low, high = mixed.bootstrap(x, y, groups, found.theta, times=400, seed=1)
    np.testing.assert_allclose((high - low) / (2 * 1.96 * found.se), 1, atol=0.2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y: (x, y * 0 + 3), "all outcome scores are the same"),
        (lambda x, y: (x * [1, 0, 1], y), "no variance in a"),
        (lambda x, y: (np.c_[x[:, :2], x[:, 1]], y), "say the same thing"),
        (lambda x, y: (x, np.where(np.arange(len(y)) == 5, np.nan, y)), "no number"),
        (lambda x, y: (x[:3], y[:3]), "too few"),
    ],
)
def test_what_cannot_be_fitted_says_why(change, words):
    x, y, groups = made()
    x, y = change(x, y)
    with pytest.raises(StudyError, match=words):
        mixed.fit(x, y, groups[: len(y)], NAMES)
