"""Reliability diagram, calibration by code, and what is mistaken for what, on figures made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from skills.corpora.example import Example
from skills.tagger import diagnostics
from skills.tagger.deciding import Rule
from skills.tagger.heads import INDEX, N_OUTPUTS
from skills.tagger.scoring import Scored, family_known, fit_margin, known
from skills.tagger.types import is_doubtful

HEAT = {"codes": 1.0}
PAIR = frozenset({"affirm", "support"})


def scored(rows: list[tuple[str, dict[str, float]]], **more) -> Scored:
    """(the code that is there, probabilities) -> Scored; the other code of affirm and support is absent."""
    logits = np.full((len(rows), N_OUTPUTS), -9.0, np.float32)
    examples = []
    for row, (there, chances) in enumerate(rows):
        for code, chance in chances.items():
            logits[row, INDEX[code]] = np.log(chance / (1 - chance))
        absent = PAIR - {there}
        examples.append(Example("own", f"{row}", "t", "", (frozenset({there}),), absent, **more))
    return Scored(examples, logits)


def test_found_mistaken_and_neither_are_counted_apart():
    some = scored(
        [
            ("affirm", {"affirm": 0.9, "support": 0.2}),
            ("affirm", {"affirm": 0.4, "support": 0.8}),
            ("affirm", {"affirm": 0.3, "support": 0.2}),
            ("support", {"support": 0.7}),
        ]
    )
    rows = diagnostics.confusions(some, HEAT, Rule(dict.fromkeys(INDEX, 0.5)))
    [affirm] = [row for row in rows if row["there"] == "affirm"]
    [support] = [row for row in rows if row["there"] == "support"]
    assert (affirm["n"], affirm["right"], affirm["mistaken"], affirm["neither"]) == (3, 1, 1, 1)
    assert (support["n"], support["right"]) == (1, 1)
    assert {row["n"] for row in rows} == {0, 1, 3}


def test_the_diagram_sets_what_was_given_against_what_was_there():
    some = scored([("affirm", {"affirm": 0.75, "support": 0.75})] * 3 + [("support", {"support": 0.75})])
    rows = diagnostics.reliability(some, HEAT)
    [high] = [row for row in rows if row["from"] == 0.7]
    assert (high["n"], high["given"]) == (7, pytest.approx(0.75))
    assert high["present"] == pytest.approx(4 / 7, abs=1e-4)


def test_calibration_by_code_says_where_there_is_enough():
    rows = diagnostics.calibration_by_code(scored([("affirm", {"affirm": 0.9})] * 200), HEAT)
    assert rows["affirm"] == {"ece": pytest.approx(0.1), "n": 200, "messages": 200, "enough": True}
    assert rows["support"]["enough"] is False
    assert "warn" not in rows


def test_another_label_of_the_same_turn_settles_little():
    some = scored([("affirm", {}), ("support", {})], negative_weight=0.5)
    assert known(some, "affirm")[1].tolist() == [True]
    assert known(some, "affirm", weak=True)[1].tolist() == [True, False]


def test_tags_near_their_threshold_are_the_unsure_ones():
    some = scored(
        [
            ("affirm", {"affirm": 0.95}),
            ("affirm", {"affirm": 0.9}),
            ("support", {"affirm": 0.55}),
            ("support", {"affirm": 0.2}),
        ]
    )
    bars = dict.fromkeys(INDEX, 0.5)
    margin = fit_margin(some, HEAT, bars, share=0.4)
    found = diagnostics.abstention(some, HEAT, Rule(bars), margin)
    assert found["unsure"] == {"tags": 1, "precision": 0.0}
    assert found["sure"] == {"tags": 2, "precision": 1.0}
    assert is_doubtful(0.55, 0.5, margin)
    assert not is_doubtful(0.95, 0.5, margin)


def test_families_are_measured_by_whether_any_of_their_codes_is_there():
    some = scored(
        [
            ("affirm", {"affirm": 0.4, "support": 0.3}),
            ("support", {"support": 0.9}),
            ("affirm", {"affirm": 0.1}),
        ]
    )
    [row] = diagnostics.of_families(some, HEAT, Rule(dict.fromkeys(INDEX, 0.5), {"encouraging": 0.5}))
    assert (row["n"], row["messages"]) == (3, 3)
    assert row["alone"]["recall"] == pytest.approx(1 / 3, abs=1e-4)
    assert row["with"]["recall"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_family_is_known_absent_only_where_all_its_codes_are():
    both, one = (
        Example("own", "a", "t", "", (), PAIR),
        Example("own", "b", "t", "", (), frozenset({"affirm"})),
    )
    some = Scored([both, one], np.zeros((2, N_OUTPUTS), np.float32))
    rows, present = family_known(some, "encouraging")
    assert (rows.tolist(), present.tolist()) == ([0], [False])
