"""A reply that points at the seeker's words is the same reply again once the words stand in it."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.coach.corpus.pairs import exchanges
from feedback.coach.mini.pointing import MARKS, marked, pointed, resolved
from feedback.coach.mini.prompting import CONTROLS, answer, mini_prompt, said_back, shown, target


def test_telling_words_are_marked_and_others_are_not():
    text, words = marked("your sister avoids you because of the half-finished kitchen.")
    assert text == ("your sister<|1|> avoids<|2|> you because of the half-finished<|3|> kitchen<|4|>.")
    assert words == ["sister", "avoids", "half-finished", "kitchen"]


def test_a_reply_points_and_reads_the_same_again():
    _, words = marked("your sister avoids you at the choir, and the choir is all you had")
    assert words == ["sister", "avoids", "choir", "choir"]
    reply = "it hurts that your sister avoids you. what was the choir to you?"
    coded = pointed(reply, words)
    assert coded == "it hurts that your<|1|><|2|>you. what was the<|3|>to you?"
    assert resolved(coded, words) == reply


def test_words_that_stood_in_a_row_are_pointed_at_in_a_row():
    _, words = marked("the old house, the old garden")
    assert pointed("you miss the old garden", words) == "you miss the<|1|><|4|>"
    assert pointed("you miss the house and the old garden", words) == "you miss the<|2|>and the<|3|><|4|>"


def test_a_mark_without_a_word_is_left_out():
    assert resolved("your<|1|>and your<|7|>.", ["sister"]) == "your sister and your."
    assert answer("your<|2|>.</s><pad><pad>", "sister and brother") == "Your brother."


def test_of_a_long_message_the_last_words_are_marked():
    spelt = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60)]
    text, words = marked(" ".join(spelt))
    assert words == spelt[-len(MARKS) :]
    assert text.endswith(f"{spelt[-1]}{MARKS[-1]}")


def test_every_exchange_of_the_grammar_survives():
    told = [(one.reply, one.seeker) for one in islice(exchanges(11), 300)]
    other = [
        reply
        for reply, seeker in told
        if answer(target(reply, seeker), seeker).lower() != shown(reply).lower()
    ]
    assert other == []
    pointing = sum("<|" in target(reply, seeker) for reply, seeker in told)
    assert pointing > 0.85 * len(told)


@given(st.text(max_size=300), st.text(max_size=200))
def test_no_pasted_text_makes_a_mark(seeker, written):
    inner = mini_prompt(seeker, written, "affirm")
    for token in CONTROLS:
        inner = inner.replace(token, "")
    assert "<" not in inner
    assert not any(token in answer(written, seeker) for token in CONTROLS)


@pytest.mark.parametrize("text", ["", "...", "\N{GRINNING FACE}"])
def test_a_message_without_words_has_no_marks(text):
    assert marked(said_back(text))[1] == []
