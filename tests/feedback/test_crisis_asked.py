"""Which answer after a sign of risk asks: a right one beside clumsy words, none beside cruel ones."""

from __future__ import annotations

import pytest

from feedback.coach.crisis import crisis_view
from feedback.coach.turns import Turn
from feedback.turn import _heard
from peersupport.safety.conduct import hurts

QUESTION = "Are you thinking about killing yourself?"


class Tagged:
    present = frozenset({"closed_question"})
    empathy: dict[str, int] = {}


@pytest.mark.parametrize(
    ("words", "hurting", "asked"),
    [
        ("You sense your kids would be better off without you.", False, True),
        ("It seems to you that nobody would miss you.", False, True),
        ("He texted you kys and you felt awful.", False, True),
        ("Just cut yourself some slack.", False, True),
        ("You are overreacting.", True, True),
        ("Your kids would be better off without you.", True, False),
        ("You should just end it.", True, False),
        ("Kill yourself. That's what he wrote you.", False, True),
        ("Just kill yourself.", True, False),
        ("Killing yourself is selfish, don't you think?", True, False),
        ("kys.", True, False),
    ],
)
def test_only_cruel_words_about_dying_take_a_question_in_another_sentence_back(words, hurting, asked):
    text = f"{words} {QUESTION}"
    assert hurts(text) is hurting
    heard = _heard(text, Tagged())
    assert (heard.hurts, heard.asks_safety) == (hurting, asked)
    view = crisis_view([Turn(1, "seeker", "-", risk_level="explicit"), Turn(2, "counselor", text)])
    assert view.not_seen("ask") is not asked


@pytest.mark.parametrize(
    "text", ["Killing yourself is selfish, don't you think?", "You idiot, are you suicidal?"]
)
def test_a_sentence_that_hurts_asks_nothing_itself(text):
    assert not _heard(text, Tagged()).asks_safety
    view = crisis_view([Turn(1, "seeker", "-", risk_level="explicit"), Turn(2, "counselor", text)])
    assert view.not_seen("ask")
