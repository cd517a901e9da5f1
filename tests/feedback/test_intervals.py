"""Intervals over chats and people: how often they hold the truth by simulation, and where none is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from feedback.intervals import LEAST_CHATS, mean_interval, ratio_interval, t95

DRAWS = 2000
# Messages of a chat (from, to), shares of reflections and questions, and how alike chats are (beta, a + b).
VOLUNTEERS = {
    "usual": (6, 25, 0.35, 0.35, 6),
    "few questions": (6, 25, 0.40, 0.12, 6),
    "few reflections": (6, 25, 0.10, 0.40, 6),
    "chats alike": (6, 25, 0.30, 0.40, 40),
    "chats unlike": (2, 40, 0.30, 0.30, 2),
    "short chats": (2, 8, 0.30, 0.30, 6),
}


@pytest.mark.parametrize("kind", VOLUNTEERS)
@pytest.mark.parametrize("chats", [5, 10, 20])
def test_the_ratio_interval_holds_the_true_ratio_as_often_as_it_says(kind, chats):
    least, most, first, second, alike = VOLUNTEERS[kind]
    chance = np.random.default_rng(1)
    size = (DRAWS, chats)
    messages = chance.integers(least, most + 1, size)
    counts = [
        chance.binomial(messages, chance.beta(share * alike, (1 - share) * alike, size)).tolist()
        for share in (first, second)
    ]
    held = made = 0
    for pairs in zip(*counts, strict=True):
        found = ratio_interval(list(zip(*pairs, strict=True)))
        if found is not None:
            made += 1
            held += found[0] <= first / second <= found[1]
    assert made > DRAWS / 2
    assert held / made >= 0.92


@pytest.mark.parametrize("people", [5, 10, 20])
@pytest.mark.parametrize("share", [0.1, 0.4])
def test_the_interval_of_a_mean_gap_holds_the_true_gap_as_often_as_it_says(people, share):
    """Gaps between two chats of four to twelve messages each, as the cohort's page has them."""
    chance = np.random.default_rng(2)
    size, later = (DRAWS, people), share + 0.2
    shares = [
        chance.binomial(messages, chance.beta(6 * mean, 6 * (1 - mean), size)) / messages
        for mean in (share, later)
        for messages in [chance.integers(4, 13, size)]
    ]
    found = [mean_interval(gaps) for gaps in (shares[1] - shares[0]).tolist()]
    held = [low <= later - share <= high for low, high in filter(None, found)]
    assert len(held) > 0.98 * DRAWS
    assert 0.93 <= np.mean(held) <= 0.97


def test_the_ratio_interval_holds_the_ratio_and_has_no_upper_end_where_the_second_is_rare():
    pairs = [(3, 2), (1, 4), (2, 2), (5, 3), (0, 1), (4, 4)]
    low, high = ratio_interval(pairs)
    assert low < sum(a for a, _ in pairs) / sum(b for _, b in pairs) < high
    low, high = ratio_interval([(1, 0)] * 5 + [(1, 1)])
    assert 0 < low < 6 and high == math.inf
    assert ratio_interval([(0, 3)] * 5 + [(1, 2)])[0] == 0


def test_too_few_chats_chats_without_a_second_and_chats_that_do_not_differ_have_no_interval():
    assert ratio_interval([(3, 2), (1, 4), (2, 2), (5, 3)] + [(0, 0)] * LEAST_CHATS) is None
    assert ratio_interval([(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]) is None
    assert ratio_interval([(2, 1), (4, 2), (6, 3), (2, 1), (2, 1)]) is None
    assert ratio_interval([(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]) is None
    assert mean_interval([20.0] * 5) is None
    assert mean_interval([20.0]) is None


def test_students_t_is_that_of_the_tables():
    from scipy import stats

    for freedom in (1, 2, 3, 4, 5, 9, 10, 29, 30, 500):
        assert t95(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-6)
    low, high = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (round(low, 3), round(high, 3)) == (1.037, 4.963)
