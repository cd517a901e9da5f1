"""Insults, belittling and private contact: what the written rules point at, and what they let pass."""

from __future__ import annotations

import time

import pytest

from peersupport.safety.conduct import KINDS, VOIDS, concerns, hurts, load_rules, spared
from peersupport.seeker import asks_about_safety
from tests.peersupport import conduct_more as more
from tests.peersupport import conduct_orders as orders
from tests.peersupport.conduct_lines import LET_PASS, POINTED_AT, WARM


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_pointed_at(kind):
    notes = {rule.id: rule.note for rule in load_rules().rules}
    for text in POINTED_AT[kind]:
        found = concerns(text)
        assert [concern.kind for concern in found] == [kind], text
        assert found[0].note == notes[found[0].rule]
        assert found[0].note == load_rules().notes[kind] or found[0].rule in VOIDS
        assert hurts(text) == (kind != "contact")


@pytest.mark.parametrize("rule", more.CRUEL)
def test_what_is_cruel_is_pointed_at_and_takes_the_question_beside_it_back(rule):
    texts = more.CRUEL[rule]
    assert [t for t in texts if rule not in [concern.rule for concern in concerns(t)]] == []
    assert [t for t in texts if spared(f"{t.rstrip('.')}. Are you thinking of suicide?")] == []


def test_what_is_let_pass():
    warm = (text for texts in WARM.values() for text in texts)
    texts = (*LET_PASS, *more.LET_PASS, *orders.WARM, *warm)
    assert [(text, concerns(text)[0].rule) for text in texts if concerns(text)] == []
    assert set(WARM) <= {known.id for known in load_rules().rules}


def test_orders_in_other_words_are_pointed_at():
    assert [text for text in orders.HARMFUL if not hurts(text)] == []
    assert {concern.rule for text in orders.HARMFUL for concern in concerns(text)} <= VOIDS


def test_a_question_beside_cruel_words_asks_nothing_and_one_beside_right_words_does():
    def asks(text):
        return asks_about_safety(spared(text), after_cue=True)

    assert [text for text in orders.VOID if asks(text)] == []
    assert [text for text in orders.STANDS if not asks(text)] == []


def test_every_rule_finds_something():
    texts = [*orders.HARMFUL, *(text for texts in POINTED_AT.values() for text in texts)]
    found = {concern.rule for text in texts for concern in concerns(text)}
    assert found == {rule.id for rule in load_rules().rules}


def test_a_message_of_two_kinds_carries_both_and_a_long_one_takes_no_time():
    both = concerns("You're an idiot. What's your number?")
    assert [concern.kind for concern in both] == ["insult", "contact"]
    began = time.perf_counter()
    concerns("you are so so so such a really just " * 110)
    assert time.perf_counter() - began < 1
