"""A small run of what docs/retagging.md measures: a killed worker, nothing lost or doubled."""

from __future__ import annotations

import pytest

from bench import retag
from bench.promises.place import place
from tests.installation import HERE


@pytest.mark.slow
def test_a_killed_batch_worker_loses_and_doubles_nothing(tmp_path, migrated):
    with place(HERE, tmp_path, like=migrated) as where:
        row = retag.measure(where, 400, lease=2, quiet=2)
    assert (row["status"], row["done"]) == ("done", pytest.approx(400, abs=30))  # and what was said beside it
    assert row["gap"] > 0
    after = row["after"]
    assert (after["messages"], after["lost"], after["doubled"], after["old_current"]) == (400, 0, 0, 0)
    assert after["different"] == 0
    assert row["old_tags_changed"] is False
    assert row["waits_beside"]["without_tags"] == 0
    assert row["hours_for_a_million"] == pytest.approx(1_000_000 / row["rate"] / 3600)
    assert 0.001 < 1 / row["cpu"]["rate"] < 0.1  # CPU seconds a message
    assert "messages a second" in retag.page({HERE: {**row, "machine": "a machine"}})


def test_a_straight_line_is_told_from_a_bent_one():
    straight = retag.fit([(t, 100 * t) for t in range(1, 101)])
    assert straight["rate"] == pytest.approx(100)
    assert straight["largest_deviation"] == pytest.approx(0, abs=0.01)
    assert straight["r_squared"] == pytest.approx(1)
    bent = retag.fit([(t * t, 100 * t) for t in range(1, 101)])
    assert bent["fifths"][0] > 4 * bent["fifths"][-1]
    assert bent["largest_deviation"] > 0.5
