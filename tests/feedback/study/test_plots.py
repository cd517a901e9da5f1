"""What the study's plots say: whole figures, round ticks, names that a reader knows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from feedback.evidence.study import plots, words

BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')


def texts(svg: str) -> list[tuple[float, str, str]]:
    """(x, anchor, words) of every text."""
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return [(float(one.get("x")), one.get("text-anchor", "start"), one.text) for one in found]


@pytest.mark.parametrize(
    ("limit", "step", "steps"),
    [
        (0.558959, 0.2, 3),
        (1.0, 0.5, 2),
        (0.085, 0.05, 2),
        (37.2, 10, 4),
        (0.0, 0.5, 2),
        (float("nan"), 0.5, 2),
    ],
)
def test_ticks_are_round_and_reach_the_limit(limit, step, steps):
    found = plots._round_steps(limit)
    assert found == (pytest.approx(step), steps) and not found[0] * found[1] < limit - 1e-9


def test_figures_end_inside_the_plot_and_ticks_are_round():
    svg = plots.forest("Matched periods, PHQ-2", [("At least one chat", -0.085, -0.558959, -0.001)])
    width = int(BOX.search(svg)[1])
    for x, anchor, said in texts(svg):
        assert anchor != "start" or x + 7 * len(said) <= width, said
        assert anchor != "end" or x - 7.5 * len(said) >= 0, said
    said = [one for _, _, one in texts(svg)]
    assert "−0.085 (−0.559, −0.001)" in said
    assert {"−0.6", "0", "0.6"} <= set(said) and "-0.558959" not in said


def test_numbers_of_chats_are_grammatical():
    row = {"n": 1234, "change": -0.1, "ci": [-0.2, 0.0]}
    svg = plots.dose("Change", [{"chats": label, **row} for label in ("0", "1", "3-4", "10+")])
    assert [words_ for _, anchor, words_ in texts(svg) if anchor == "end"] == [
        "No chat (n = 1,234)",
        "1 chat (n = 1,234)",
        "3–4 chats (n = 1,234)",
        "10 or more chats (n = 1,234)",
    ]


def test_balance_names_its_covariates_and_its_line():
    svg = plots.love("Balance", {"prior_chats": {"before": 42.0, "after": -3.1}})
    said = [one for _, _, one in texts(svg)]
    assert {"Earlier chats", "42.0 → 3.1", "5 %", "0", "20", "60"} <= set(said)


def test_no_p_is_zero_and_every_term_has_words():
    assert [words.p_value(p) for p in (0.00001, 0.0312, None)] == ["<0.001", "0.031", "–"]
    assert words.term("treated:pre") == "Chat × starting score"
    assert words.term("reflection") == "Reflection" and words.term("something_new") == "something new"
