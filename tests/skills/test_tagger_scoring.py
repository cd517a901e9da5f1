"""Thresholds: fitted where there is enough, shared where there is little, our own messages first."""

from __future__ import annotations

import numpy as np

from skills.corpora.example import Example
from skills.tagger.heads import INDEX, N_OUTPUTS
from skills.tagger.scoring import Scored, fit_thresholds
from skills.taxonomy import CODES

HEAT = {"codes": 1.0}
CODE, RARE = "affirm", "warn"


def scored(rows: list[tuple[str, str, bool, float, float]]) -> Scored:
    """(corpus, code, present, probability, negative weight) -> Scored."""
    examples, logits = [], np.full((len(rows), N_OUTPUTS), -9.0, np.float32)
    for row, (corpus, code, present, chance, weight) in enumerate(rows):
        logits[row, INDEX[code]] = np.log(chance / (1 - chance))
        known = {"positive": (frozenset({code}),)} if present else {"negative": frozenset({code})}
        examples.append(Example(corpus, f"{row}", "text", **known, negative_weight=weight))
    return Scored(examples, logits)


def thresholds(rows: list[tuple[str, str, bool, float, float]]) -> dict[str, float]:
    return fit_thresholds(scored(rows), HEAT)


def test_a_threshold_lies_between_what_is_and_what_is_not():
    found = thresholds([("mi_dataset", CODE, True, 0.6, 1.0), ("mi_dataset", CODE, False, 0.4, 1.0)] * 20)
    assert 0.4 < found[CODE] < 0.6


def test_codes_with_few_examples_share_one_and_without_any_keep_a_half():
    rows = [("own", RARE, True, 0.6, 1.0), ("own", "direct", True, 0.62, 1.0)] * 5
    found = thresholds([*rows, ("own", RARE, False, 0.55, 1.0)])
    assert 0.55 < found[RARE] == found["direct"] == found["conclusion"] < 0.6
    assert set(thresholds([]).values()) == {0.5}
    assert set(found) == set(CODES)


def test_our_own_messages_weigh_more_than_those_of_a_corpus():
    theirs = [("annomi", CODE, True, 0.65, 1.0)] * 16 + [("annomi", CODE, False, 0.45, 1.0)] * 24
    ours = [("own", CODE, True, 0.4, 1.0)] * 16
    assert thresholds([*theirs, *ours])[CODE] < 0.4 < thresholds(theirs)[CODE]


def test_doubtful_negatives_weigh_less():
    present = [("esconv", CODE, True, 0.6, 0.5)] * 20 + [("esconv", CODE, True, 0.4, 0.5)] * 10
    sure = [("esconv", CODE, False, 0.5, 1.0)] * 15
    doubtful = [("esconv", CODE, False, 0.5, 0.1)] * 15
    assert thresholds([*present, *doubtful])[CODE] < 0.4 < thresholds([*present, *sure])[CODE]
