"""What pages read off the model card: calibration where it matters, and what was measured on what."""

from __future__ import annotations

from pathlib import Path

import pytest

from skills.tagger.card import WEIGHTS, calibration, own_lines_only, read_card

ROWS = [
    {"from": 0.0, "to": 0.1, "n": 900, "given": 0.01, "present": 0.01},
    {"from": 0.1, "to": 0.2, "n": 60, "given": 0.15, "present": 0.10},
    {"from": 0.9, "to": 1.0, "n": 40, "given": 0.95, "present": 0.85},
]


def test_calibration_leaves_out_what_was_given_next_to_nothing():
    found = calibration({"reliability": ROWS, "ece": {"pooled": 0.007}})
    assert found.error == pytest.approx((60 * 0.05 + 40 * 0.10) / 100)
    assert (found.n, found.pairs, found.pooled) == (100, 1000, 0.007)
    assert found.share_below == pytest.approx(0.9)
    assert found.nothing == pytest.approx((900 * 0.01 + 60 * 0.10 + 40 * 0.85) / 1000)


@pytest.mark.parametrize("card", [{}, {"reliability": ROWS[:1], "ece": {"pooled": 0.0}}])
def test_a_card_without_a_diagram_says_nothing(card):
    assert calibration(card) is None and own_lines_only(card) == []


def test_the_page_on_the_tagger_has_the_figures_of_the_shipped_card():
    found = calibration(read_card(WEIGHTS))
    page = (Path(__file__).parents[2] / "docs" / "tagger.md").read_text(encoding="utf-8")
    part = page[page.index("The bar on the pooled calibration error") :].partition("\n\n")[0]
    for figure in (f"{found.n:,} pairs", f"**{found.error:.3f}**", f"{found.nothing:.3f}"):
        assert figure.replace("0.", ".") in part, figure
    assert len(own_lines_only(read_card(WEIGHTS))) == 13
