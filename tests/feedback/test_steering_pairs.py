"""The contrast pairs: enough of them, nothing held out is learnt from, bad ones are refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.pairs import (
    BEHAVIOURS,
    Pair,
    Reference,
    check_pairs,
    load_behaviour,
    pairs_hash,
)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_behaviour_has_two_hundred_pairs_to_fit_and_a_part_held_out(name):
    behaviour = load_behaviour(name)
    assert len(behaviour.fit) >= 200
    assert len(behaviour.held_out) == 120
    assert len(behaviour.references) == 30
    texts = {text for pair in behaviour.fit for text in (pair.positive, pair.negative)}
    assert not texts & {text for pair in behaviour.held_out for text in (pair.positive, pair.negative)}


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_no_reference_has_the_prompt_of_a_pair_to_fit(name):
    behaviour = load_behaviour(name)
    assert {pair.prompt for pair in behaviour.fit}.isdisjoint(item.prompt for item in behaviour.references)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_what_chooses_the_layers_is_not_measured(name):
    behaviour = load_behaviour(name)
    choosing, measured = behaviour.parts()
    chosen = {pair.prompt for pair in choosing}
    assert set(choosing) | set(measured.held_out) == set(behaviour.held_out)
    assert chosen.isdisjoint(pair.prompt for pair in measured.held_out)
    assert chosen.isdisjoint(item.prompt for item in measured.references)
    assert len(chosen) >= 10 and len({pair.prompt for pair in measured.held_out}) >= 20
    assert len(measured.references) >= 20


def test_one_or_two_held_out_prompts_cannot_choose_and_measure():
    behaviour = load_behaviour("autonomy")
    few = replace(behaviour, held_out=behaviour.held_out[:8])  # four pairs of each prompt
    with pytest.raises(SteeringError, match="held-out pairs of 2 prompts cannot both choose"):
        few.parts()


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_slot_is_filled_and_sentences_are_whole(name):
    behaviour = load_behaviour(name)
    for pair in behaviour.fit + behaviour.held_out:
        for text in (pair.prompt, pair.positive, pair.negative):
            assert not re.search(r"[{}]|  |\.\.|\b(a|the|feel|about) [.,?!]", text), text
            assert text[0].isupper() and text[-1] in ".?!", text


def test_warmth_never_goes_down_and_brevity_is_scored_by_length():
    assert load_behaviour("warmth").lowest == 0.0
    assert [name for name in BEHAVIOURS if load_behaviour(name).scored_by == "length"] == ["brevity"]


def test_short_replies_are_short():
    for pair in load_behaviour("brevity").fit + load_behaviour("brevity").held_out:
        assert 4 * len(pair.positive) < len(pair.negative) + 40


def test_hash_is_of_the_set_and_not_of_its_order():
    pairs = list(load_behaviour("autonomy").fit)
    assert pairs_hash(pairs) == pairs_hash(pairs[::-1])
    assert pairs_hash(pairs) != pairs_hash(pairs[1:])
    turned = [Pair(pair.prompt, pair.negative, pair.positive) for pair in pairs]
    assert pairs_hash(pairs) != pairs_hash(turned)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([Pair("a", "b", "c")], "at least two"),
        ([Pair("a", "b", "c"), Pair("a", "b", "b ")], "identical"),
        ([Pair("a", "b", "c"), Pair("a", "", "c")], "empty reply"),
        ([Pair("a", "b", "c")] * 2, "twice"),
    ],
)
def test_bad_pairs(pairs, words):
    with pytest.raises(SteeringError, match=words):
        check_pairs(pairs)


def test_unknown_behaviour_names_those_that_exist():
    with pytest.raises(SteeringError, match=r"unknown behaviour 'charm'.*autonomy.*openness"):
        load_behaviour("charm")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"references": ()}, "no reference replies"),
        ({"references": (Reference("q", "A", ("A", "B")), Reference("q", "x"))}, "same number of options"),
        ({"references": (Reference("q", "C", ("A", "B")),)}, "not among its options"),
        ({"scored_by": "mood"}, "scored_by"),
        (
            {"references": (Reference(load_behaviour("autonomy").fit[0].prompt, "x"), Reference("q", "x"))},
            "1 reference replies have the prompt of a pair to fit",
        ),
    ],
)
def test_bad_behaviours(change, words):
    with pytest.raises(SteeringError, match=words):
        replace(load_behaviour("autonomy"), **change).check()


def test_held_out_pairs_must_be_held_out():
    behaviour = load_behaviour("autonomy")
    with pytest.raises(SteeringError, match="among the pairs to fit"):
        replace(behaviour, held_out=behaviour.fit[:5]).check()
