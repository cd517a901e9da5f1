"""Thresholds, and families of which one code is taken where none reaches its own."""

from __future__ import annotations

import numpy as np
import pytest

from skills.tagger.card import WEIGHTS, read_card
from skills.tagger.deciding import FAMILIES, Rule
from skills.tagger.heads import INDEX
from skills.tagger.runtime import cached_tagger
from skills.tagger.types import TagInput, doubtful_below, is_doubtful
from skills.taxonomy import CODES

BEFORE = "I just feel like nothing works anymore. My boss keeps piling things on me."
HALF = dict.fromkeys(CODES, 0.5)
WITH, WITHOUT, DIRECT = "persuade_with_permission", "advise_without_permission", "direct"


def chances(**given: float) -> np.ndarray:
    row = np.zeros((1, len(CODES)), np.float32)
    for code, chance in given.items():
        row[0, INDEX[code]] = chance
    return row


def found(rule: Rule, **given: float) -> list[str]:
    return [CODES[place] for place in np.flatnonzero(rule.present(chances(**given))[0])]


def test_without_families_only_thresholds_count():
    assert found(Rule(HALF), **{WITH: 0.45, WITHOUT: 0.4, "affirm": 0.5}) == ["affirm"]


def test_the_likeliest_of_a_family_is_taken_where_none_reaches_its_threshold():
    rule = Rule(HALF, {"suggesting": 0.5})
    assert found(rule, **{WITH: 0.4, WITHOUT: 0.3}) == [WITH]
    assert found(rule, **{WITH: 0.2, WITHOUT: 0.3, DIRECT: 0.1}) == []


def test_a_family_that_has_one_gets_no_second():
    assert found(Rule(HALF, {"suggesting": 0.5}), **{WITH: 0.49, WITHOUT: 0.51}) == [WITHOUT]


def test_what_a_family_gave_is_in_doubt():
    assert is_doubtful(0.4, 0.5, margin=0.0)
    assert not is_doubtful(0.5, 0.5, margin=0.0)


@pytest.mark.parametrize(("threshold", "margin"), [(0.5, 0.0), (0.3, 0.4), (0.7, 1.2)])
def test_doubt_ends_at_one_chance_whichever_way_it_is_asked(threshold, margin):
    end = doubtful_below(threshold, margin)
    assert is_doubtful(end - 1e-6, threshold, margin) and not is_doubtful(end + 1e-6, threshold, margin)


def test_families_share_no_code():
    codes = [code for family in FAMILIES.values() for code in family]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    "text", ["You should just talk to your manager, it is not that bad.", "Why don't you go for a walk?"]
)
def test_the_shipped_tagger_notices_advice_that_no_single_code_is_sure_of(text):
    told = cached_tagger(WEIGHTS).tag([TagInput(text, BEFORE)])[0]
    thresholds = Rule.of(read_card(WEIGHTS)).thresholds
    assert {WITH, WITHOUT, DIRECT}.isdisjoint(c for c in CODES if told.probabilities[c] >= thresholds[c])
    assert told.present == told.unsure == told.by_family == [WITHOUT]
