"""Insults, belittling and private contact: what the written rules point at, and what they let pass."""

from __future__ import annotations

import time

import pytest

from peersupport.safety.conduct import KINDS, concerns, hurts, load_rules, spared
from tests.peersupport import conduct_more as more
from tests.peersupport.conduct_lines import LET_PASS, POINTED_AT, WARM

OWN_NOTES = ("told_to_die", "nobody_would_mind", "shames_for_it")


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in KINDS for text in POINTED_AT[kind]])
def test_what_is_pointed_at(kind, text):
    found = concerns(text)
    assert [concern.kind for concern in found] == [kind]
    [rule] = [rule for rule in load_rules().rules if rule.id == found[0].rule]
    assert found[0].note == rule.note
    assert rule.note == load_rules().notes[kind] or rule.id in OWN_NOTES
    assert hurts(text) == (kind != "contact")


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule in more.CRUEL for text in more.CRUEL[rule]])
def test_what_is_cruel_is_pointed_at_and_an_order_is_told_apart(rule, text):
    assert rule in [concern.rule for concern in concerns(text)]
    question = "Are you thinking of suicide?"
    assert spared(f"{text.rstrip('.')}. {question}").strip() == ("" if rule == "told_to_die" else question)


@pytest.mark.parametrize("text", [*LET_PASS, *more.LET_PASS])
def test_what_is_let_pass(text):
    assert concerns(text) == ()


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule in WARM for text in WARM[rule]])
def test_a_warm_sentence_near_to_a_rule_is_let_pass(rule, text):
    assert rule in {known.id for known in load_rules().rules}
    assert concerns(text) == ()


def test_every_rule_finds_something():
    found = {concern.rule for texts in POINTED_AT.values() for text in texts for concern in concerns(text)}
    assert found == {rule.id for rule in load_rules().rules}


def test_a_message_of_two_kinds_carries_both_and_a_long_one_takes_no_time():
    both = concerns("You're an idiot. What's your number?")
    assert [concern.kind for concern in both] == ["insult", "contact"]
    began = time.perf_counter()
    concerns("you are so so so such a really just " * 110)
    assert time.perf_counter() - began < 1
