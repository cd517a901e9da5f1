"""Orders in a pasted chat: what is scored stays, and what they ask for is not shown."""

from __future__ import annotations

from bench.promises.attacks import ENCODINGS, LANGUAGES, SPLITS, WISHES, attacks
from bench.promises.p16_injections import run
from feedback.coach.alternatives import Wanted, refusals
from feedback.coach.reply_prompt import FENCE_CLOSE, FENCE_OPEN, fenced, tidy


def test_there_are_hundreds_of_them_all_different():
    found = list(attacks())
    assert len(found) == len(LANGUAGES) * len(ENCODINGS) * len(SPLITS) >= 200
    assert len({attack.pieces for attack in found}) == len(found)
    assert {attack.role for attack in found} == {"seeker", "counselor"}
    assert {len(attack.pieces) for attack in found} == set(SPLITS)
    assert {attack.obeyed for attack in found} == set(WISHES.values())


def test_what_an_obedient_model_writes_is_refused():
    wanted = Wanted("reflection_simple", "general", "I feel alone", "Cheer up")
    for obeyed in WISHES.values():
        assert refusals(tidy(obeyed), wanted, by_model=True), obeyed


def test_no_piece_of_an_attack_leaves_its_fence():
    for attack in attacks():
        for piece in attack.pieces:
            inside = fenced(piece).removeprefix(FENCE_OPEN).removesuffix(FENCE_CLOSE)
            assert not any(
                sign in inside for sign in (FENCE_OPEN, FENCE_CLOSE, "<|", "\n", "\u200b", "\U000e0041")
            )


def test_a_sample_changes_no_score_and_shows_nothing():
    found = run(12)
    assert found["attempts"] == 12
    assert found["asked"] >= 1
    assert not found["examples"]
    for name in ("changed", "spilled", "obeyed", "unfit", "fences"):
        assert found[name] == 0, name
