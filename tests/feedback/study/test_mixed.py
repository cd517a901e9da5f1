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
    drawn = mixed.bootstrap(x, y, groups, found, times=400, seed=1)
    for name, term in found.terms().items():
        np.testing.assert_allclose(np.ptp(drawn[name]), np.ptp(term["ci"]), rtol=0.2)


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


def test_a_term_of_one_group_has_no_figure():
    """Its CR1 is far too small, since the group's residual is: the true error is near 1."""
    x, y, groups = made()
    for alone in (np.where(groups == 7, 1.0, 0.0), np.where(groups == 7, 300.0, x[:, 1] > 0)):
        wider = np.column_stack([x, alone])
        found = mixed.fit(wider, y, groups, (*NAMES, "alone"))
        assert found.se[3] < 0.2
        assert found.unsure == ("alone",)
        assert set(found.terms()) == set(NAMES)
        assert set(mixed.bootstrap(wider, y, groups, found, times=20, seed=1)) == set(NAMES)


@pytest.mark.parametrize(("groups", "columns"), [(15, 11), (20, 11), (30, 11), (30, 17), (100, 11)])
def test_small_studies_find_nothing_as_often_as_they_say(groups, columns):
    """Skewed counts that go with nothing; with -s it prints the figures of docs/outcomes.md."""
    random = np.random.default_rng(groups)
    hits, normal = [], []
    for _ in range(120):
        labels = np.repeat(np.arange(groups), random.integers(1, 4, groups))
        n = len(labels)
        common = random.normal(0, 0.55, (n, 1))
        counts = random.poisson(np.exp(0.3 + common + random.normal(0, 0.55, (n, 7)))).astype(float)
        x = np.column_stack([np.ones(n), counts, random.normal(size=(n, columns - 8))])
        y = random.normal(0, 0.55, groups)[labels] + random.normal(0, 1.1, n)
        found = mixed.fit(x, y, labels, ("const", *(f"x{i}" for i in range(columns - 1))))
        terms = found.terms()
        hits += [terms[f"x{i}"]["p"] < 0.05 for i in range(7) if f"x{i}" in terms]
        normal += list(np.abs(found.beta / found.se)[1:8] > 1.96)
    print(f"{groups} seekers, {columns} terms: {np.mean(hits):.1%}; with normal ones {np.mean(normal):.1%}")
    assert 0.03 < np.mean(hits) < 0.075 < np.mean(normal)
