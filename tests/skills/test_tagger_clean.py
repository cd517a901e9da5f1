"""Bad input: what is cleaned, what counts as empty, what counts as English."""

from __future__ import annotations

import pytest

from skills.tagger.clean import MAX_CHARACTERS, clean, has_words, looks_english, sentences


def test_cleaning_keeps_every_character_in_its_place():
    text, cut = clean("a\x00b\ud800c")
    assert (text, cut) == ("a b c", False)
    text, cut = clean("x" * (MAX_CHARACTERS + 1))
    assert (len(text), cut) == (MAX_CHARACTERS, True)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "😀😀", "...", "?!", "❤️"])
def test_nothing_to_tag(text):
    assert not has_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "hmm",
        "lol idk",
        "ur doing gr8 tbh",
        "That must be hard.",
        "Café con leche sounds nice today",
        "sry 2 hear that, wanna tlk bout it?",
        "José told you no again",
        "Das Boot is a film, have you seen it?",
    ],
)
def test_short_slangy_and_mixed_messages_are_english(text):
    assert looks_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hola, ¿cómo estás hoy? Siento mucho que no puedas dormir.",
        "Je suis vraiment désolé pour vous, c'est très difficile.",
        "Ich bin sehr traurig und kann nicht schlafen, wie geht es dir?",
        "Was beschäftigt dich heute am meisten?",
        "¿Cómo te sientes hoy?",
        "Мне очень грустно сегодня",
        "今日はとても悲しいです",
        "Você está muito triste porque não dormiu",
    ],
)
def test_other_languages_are_not(text):
    assert not looks_english(text)


def test_sentences_are_trimmed_and_lie_in_order():
    text = "  You came back. What helped?!  \n\nTake your time…  "
    assert [text[start:stop] for start, stop in sentences(text)] == [
        "You came back.",
        "What helped?!",
        "Take your time…",
    ]


def test_marks_without_words_join_the_sentence_before():
    text = "Well done. :) !!"
    assert [text[start:stop] for start, stop in sentences(text)] == [text]
