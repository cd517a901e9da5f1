"""Joined training messages, typing without marks, and what both do to an epoch."""

from __future__ import annotations

import pytest

from skills.corpora import own
from skills.corpora.example import Example
from skills.tagger.mixing import joined, without_marks
from skills.taxonomy import CODES


def said(text: str, *codes: str, previous: str = "", split: str = "train", **known) -> Example:
    return Example(
        corpus=own.NAME,
        group=text,
        text=text,
        previous=previous,
        positive=tuple(frozenset({code}) for code in codes),
        negative=frozenset(CODES) - set(codes),
        fixed_split=split,
        **known,
    )


def codes(example: Example) -> set[str]:
    return {code for one in example.positive for code in one}


def test_a_joined_message_has_the_codes_of_both_and_lacks_only_what_both_lack():
    parts = [
        said("I'm sorry.", "support", empathy={"explorations": 0, "interpretations": 1}),
        said("What happened?", "open_question", empathy={"explorations": 1}),
    ]
    for example in joined(parts, most=4, seed=1):
        assert codes(example) == {"support", "open_question"}
        assert example.negative == frozenset(CODES) - codes(example)
        assert example.empathy == {"explorations": 1}
        assert example.text in {"I'm sorry. What happened?", "What happened? I'm sorry."}


def test_the_message_before_is_the_one_that_is_answered():
    parts = [
        said("How was it?", "open_question", previous="I went there"),
        said("You were scared.", "reflection_complex", previous="my heart was racing"),
    ]
    assert {example.previous for example in joined(parts, most=4, seed=1)} == {"my heart was racing"}


@pytest.mark.parametrize(
    "second",
    [
        said("Oops.", "other"),
        said("It rains here too.", "chit_chat"),
        said("What is it?", "open_question", split="test"),
        said("What is it?", "open_question", split="val"),
        said("Some people write it down.", "persuade_with_permission"),
        said("So it's gone.", "reflection_simple", previous="it's gone"),
    ],
    ids=lambda example: f"{sorted(codes(example))} {example.split}",
)
def test_what_is_never_joined(second):
    first = said("You should leave.", "advise_without_permission", previous="he shouted")
    assert joined([first, second], most=10, seed=1) == []


def test_a_greeting_comes_first_and_a_farewell_last():
    parts = [
        said("Hello!", "introduction_greeting"),
        said("Goodbye!", "conclusion"),
        said("I see.", "grounding"),
    ]
    texts = {example.text for example in joined(parts, most=30, seed=1)}
    assert texts == {"Hello! Goodbye!", "I see. Goodbye!"}


def test_joining_is_seeded_and_bounded():
    parts = own.read()
    first = joined(list(parts), most=50, seed=3)
    assert len(first) == 50
    assert first == joined(list(own.read()), most=50, seed=3)
    assert first != joined(list(own.read()), most=50, seed=4)


def test_typing_in_a_hurry_keeps_words_numbers_and_questions():
    assert without_marks("Don't worry, it's 3.5 km... ok?") == "Dont worry its 3.5 km ok?"
    assert without_marks("...") == "..."
