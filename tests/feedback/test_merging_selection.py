"""Exact order statistics without sorting: streams in pieces, ties, both types."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.coach.merging.selection import Selection, row_median, row_order


def bounds(values, ranks, step):
    pick = Selection(ranks, len(values), values.dtype)
    for _ in range(pick.passes):
        for start in range(0, len(values), step):
            pick.feed(values[start : start + step])
        pick.narrow()
    return pick.bounds()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.floats(0, 2.0**100, width=32) | st.sampled_from([0.0, 0.5, 0.5, 1e-40]), min_size=1, max_size=60
    ),
    st.data(),
)
def test_the_k_largest_are_found_in_pieces(values, data):
    k, step = data.draw(st.integers(0, len(values))), data.draw(st.integers(1, 20))
    dtype = data.draw(st.sampled_from([torch.float32, torch.float64]))
    sizes = torch.tensor(values, dtype=dtype)
    bound = bounds(sizes, [k], step)[0]
    taken = torch.cat([bound.take(piece) for piece in sizes.split(step)])
    # A stable sort puts the first of equal ones first.
    expected = torch.zeros(len(values), dtype=torch.bool)
    expected[torch.argsort(sizes, descending=True, stable=True)[:k]] = True
    assert torch.equal(taken, expected)
    if 0 < k < len(values):
        assert bound.threshold == float(sizes.sort(descending=True).values[k - 1])


def test_several_ranks_at_once_and_a_heavy_tie():
    values = torch.tensor([3.0, 1.0, 2.0, 2.0, 2.0, 0.0])
    three, one = bounds(values, [3, 1], 4)
    assert (three.threshold, three.quota, three.equal) == (2.0, 2, 3)
    assert (one.threshold, one.quota, one.equal) == (3.0, 1, 1)


@pytest.mark.parametrize("width", [1, 2, 7, 8])
def test_rows(width):
    values = torch.rand(5, width)
    np.testing.assert_allclose(row_median(values)[:, 0], np.median(values, axis=1), rtol=1e-6)
    positions = [width - 1, 0, width // 2]
    assert torch.equal(row_order(values, positions), values.sort(dim=1).values[:, positions])
