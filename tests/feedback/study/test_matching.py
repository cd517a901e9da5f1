"""Matching does what a plain search does, and stops where nobody is comparable."""

from __future__ import annotations

import numpy as np
import pytest

from feedback.evidence.study.matching import match, pooled_spread, standardised_bias
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.propensity import logit_scores


def plainly(score, treated, width):
    """Everybody with a chat, largest first, takes the nearest who is free: by looking at all of them."""
    free, pairs = set(np.flatnonzero(~treated)), set()
    for taker in sorted(np.flatnonzero(treated), key=lambda i: -score[i]):
        best = min(free, key=lambda i: abs(score[i] - score[taker]), default=None)
        if best is not None and abs(score[best] - score[taker]) <= width:
            free.remove(best)
            pairs.add((taker, best))
    return pairs


@pytest.mark.parametrize("seed", range(8))
def test_the_same_pairs_as_a_plain_search(seed):
    random = np.random.default_rng(seed)
    treated = random.random(120) < 0.45
    score = random.normal(size=120) + 0.8 * treated
    pairs = match(score, treated, caliper=0.2)
    assert {tuple(pair) for pair in pairs} == plainly(score, treated, 0.2 * score.std(ddof=1))
    assert len(set(pairs.ravel())) == pairs.size


def test_nobody_in_the_caliper_is_said():
    treated = np.array([True, True, False, False])
    with pytest.raises(StudyError, match="do not overlap"):
        match(np.array([5.0, 5.1, -5.0, -5.1]), treated, caliper=0.2)


def test_matching_brings_the_groups_together():
    random = np.random.default_rng(5)
    treated = random.random(3000) < 0.3
    score = random.normal(size=3000) + 0.7 * treated
    spread = pooled_spread(score, treated)
    pairs = match(score, treated, caliper=0.2)
    assert abs(standardised_bias(score, treated, None, spread)) > 60
    assert abs(standardised_bias(score, treated, pairs, spread)) < 5


def test_perfect_separation_and_empty_groups_are_said():
    x = np.arange(40.0)[:, None]
    with pytest.raises(StudyError, match="perfect separation"):
        logit_scores(x, np.arange(40) >= 20, ("age",))
    with pytest.raises(StudyError, match="no period holds a chat"):
        logit_scores(x, np.zeros(40), ("age",))
    with pytest.raises(StudyError, match="every period holds a chat"):
        logit_scores(x, np.ones(40), ("age",))
