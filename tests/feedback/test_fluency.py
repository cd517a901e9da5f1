"""The guard's check of English: its own sets do not overlap, and what it was measured to find it finds."""

from __future__ import annotations

import numpy as np

from feedback.coach.alternatives import Wanted, refusals
from feedback.coach.fluency import MODEL, rough, roughness, sets
from feedback.coach.fluency.breaking import WAYS, broken
from feedback.coach.fluency.judge import Judge, Reader
from feedback.coach.fluency.ngrams import Trigrams
from feedback.coach.fluency.vocabulary import Vocabulary, tokens
from feedback.coach.guard import guard

LINES = [
    tokens(text) for text in ["it sounds hard for you .", "it feels hard for her .", "you feel sad ."] * 4
]


def test_what_is_measured_on_was_neither_learnt_nor_tuned_on():
    tuned, held = sets.tuned(), sets.held_out()
    texts = {text for _, text in held.good}
    assert not texts & {text for _, text in tuned.good}
    assert not texts & set(sets.learnt())
    assert not {text for _, text in held.broken} & {text for _, text in tuned.broken}
    assert len(held.broken) >= 120 and len(held.good) >= 300


def test_the_shipped_judge_finds_the_worst_and_lets_good_replies_pass():
    held = sets.held_out()
    swapped = [text for kind, text in held.broken if kind == "neighbours swapped"]
    assert np.mean([rough(text) for text in swapped]) > 0.6
    assert np.mean([rough(text) for _, text in held.good]) < 0.1
    assert MODEL.stat().st_size < 1_000_000
    assert roughness("") == 0.0


def test_every_way_of_breaking_changes_the_sentence():
    found = broken(["You kept going to class even when it felt pointless."], 1, every=True)
    assert {way for way, _ in found} == set(WAYS)


def test_chances_behind_a_context_sum_to_one():
    ids = [[3, 4, 5], [3, 4, 6], [4, 5]]
    model = Trigrams.learn(ids, 7)
    for context in ((0, 3), (3, 4), (5, 6)):
        chances = [2 ** -model.surprises(np.array([*context, token]))[0] for token in range(7)]
        assert abs(sum(chances) - 1) < 1e-9


def test_a_saved_judge_says_the_same(tmp_path):
    vocabulary = Vocabulary.learn(LINES, least=2, own=4, shared=3)
    reader = Reader.learn(LINES, vocabulary)
    good = ["it sounds hard for you.", "you feel sad."]
    judge = Judge.fit(reader, good, ["hard it you for sounds.", "sad feel."], alarms=0.0)
    judge.save(tmp_path / "model.npz")
    again = Judge.load(tmp_path / "model.npz")
    for text in (*good, "for you it sad zebra"):
        assert abs(judge.roughness(text) - again.roughness(text)) < 1e-12


def test_only_a_models_wording_is_judged():
    text = "What you do need from friends the when low feel you?"
    wanted = Wanted("open_question", "general", "I feel low and my friends are away", "Cheer up")
    assert "rough_english" in refusals(text, wanted, by_model=True)
    assert refusals(text, wanted, by_model=False) == []


def test_rules_know_a_stutter_and_an_end_that_is_none():
    assert "repetition" in guard("Could we go back to when you go to when you go today?")
    assert "repetition" not in guard("You tried again and again and again, and you kept going.")
    assert "unfinished" in guard("You're brave to talk about a.")
    assert "unfinished" not in guard("You have nobody that you could talk to.")
