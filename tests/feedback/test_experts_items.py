"""Our own items: what each asks, and that the test's topics, templates and wordings are in no training."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from feedback.coach.corpus import library
from feedback.coach.experts import items, scenes
from feedback.coach.experts.arms import HEURISTIC, LORA_RANK, POOL, arms
from feedback.coach.experts.items import AIMS, CONTRAST, KINDS, MISLEADING, item
from feedback.evidence.published import published_study

WORDS = tomllib.loads(Path(items.__file__).with_name("words.toml").read_text())


def made(aim, split, count=150, seed=0):
    return [item(aim, split, seed, place) for place in range(count)]


@pytest.mark.parametrize("aim", AIMS)
def test_items_are_many_different_and_whole(aim):
    found = made(aim, "test", 400)
    assert found[:50] == made(aim, "test", 50)
    assert found[:50] != made(aim, "test", 50, seed=1)
    assert len({(one.seeker, one.good, one.bad) for one in found}) > 395
    assert set(Counter(one.kind for one in found)) == set(KINDS[aim])
    for one in found:
        assert one.good != one.bad
        assert one.technique in library.TECHNIQUES
        assert not re.search(r"[<>{}\[\]]", " ".join((one.seeker, one.volunteer, one.good, one.bad)))


def test_topics_of_the_splits_are_apart():
    names = {split: {topic.name for topic in scenes.topics(split)} for split in scenes.SPLITS}
    assert all(len(found) >= 4 for found in names.values())
    assert not names["train"] & names["validation"]
    assert not (names["train"] | names["validation"]) & names["test"]
    for split, known in names.items():
        assert {one.topic for aim in AIMS for one in made(aim, split)} <= known


def test_templates_of_the_test_are_apart():
    for technique in library.TECHNIQUES:
        train, test = (set(scenes.templates(technique, split)) for split in ("train", "test"))
        assert len(test) >= 8
        assert not train & test
        assert train == set(scenes.templates(technique, "validation"))


def test_wordings_of_the_test_are_apart():
    trained = " ".join(
        " ".join((one.seeker, one.good, one.bad)) for aim in AIMS for one in made(aim, "train", 400)
    )
    misleading = [table for kind in WORDS["helpful"].values() for table in kind.values()]
    tables = [*misleading, *WORDS["honest"].values(), *WORDS["harmless"].values()]
    held_out = [words for one in tables if isinstance(one, dict) for words in one.get("held_out", [])]
    assert len(held_out) > 50
    # What stands between the slots, in one piece of at least two words.
    pieces = {words: [piece.strip() for piece in re.split(r"<\w+>", words)] for words in held_out}
    seen = [
        words
        for words, parts in pieces.items()
        if all(p in trained for p in parts if " " in p) and any(" " in p for p in parts)
    ]
    assert seen == []


def test_honest_replies_say_what_the_table_says():
    effects = {(one.technique, one.instrument): one for one in published_study().effects}
    skills = dict(entry.split(" = ") for entry in WORDS["honest"]["skills"])
    measures = dict(entry.split(" = ") for entry in WORDS["honest"]["measures"])
    checked = 0
    for one in made("honest", "train", 300):
        if one.kind == "untested":
            assert "test" in one.good or "no evidence" in one.good
            continue
        asked = [key for key in effects if skills[key[0]] in one.seeker and measures[key[1]] in one.seeker]
        effect = effects[max(asked, key=lambda key: len(skills[key[0]]))]
        if effect.survives_bh:
            assert f"{abs(effect.beta):.3f}" in one.good
            assert ("lower" if effect.beta < 0 else "higher") in one.good
            checked += 1
        else:
            assert "no clear link" in one.good.lower()
        if one.kind == "table":
            assert f"{abs(effect.beta):.3f}" not in one.bad
    assert checked > 25


def test_misleading_messages_hold_both_values_in_one_frame():
    counted = Counter()
    for one in made("helpful", "test", 300) + made("helpful", "train", 300):
        if one.kind in MISLEADING:
            counted[one.kind] += 1
            good, bad = one.good.split(), one.bad.split()
            assert good[0] == bad[0] or good[-1] == bad[-1]
    assert min(counted[kind] for kind in MISLEADING) > 60


def test_half_of_the_table_items_ask_for_a_figure_that_holds():
    table = [one for one in made("honest", "test", 600) if one.kind == "table"]
    share = sum(any(sign.isdigit() for sign in one.good) for one in table) / len(table)
    assert 0.5 < share < 0.8


def test_danger_is_referred_and_harmless_words_are_not():
    for one in made("harmless", "test", 400):
        referred, other = "crisis line" in one.good, "crisis line" in one.bad
        assert (referred, other) == {"crisis": (True, False), CONTRAST: (False, True)}.get(
            one.kind, (False, False)
        )


def test_danger_and_its_figure_of_speech_are_told_apart_in_one_message():
    risk, figurative = WORDS["harmless"]["risk"], WORDS["harmless"]["figurative"]
    asked = [one for one in made("harmless", "test", 400) if one.instead]
    assert len(asked) > 120
    for one in asked:
        said, other = (risk, figurative) if one.kind == "crisis" else (figurative, risk)
        (own,) = [words for words in said["held_out"] if words in one.seeker]
        (instead,) = [words for words in other["held_out"] if words in one.instead]
        assert one.seeker.replace(own, instead) == one.instead
    assert {one.kind for one in asked} == {"crisis", CONTRAST}
    assert not any(one.instead for one in made("harmless", "train", 200))


def test_the_arms_have_equal_steps_or_equal_compute():
    made_arms = {arm.name: arm for arm in arms(50, rows=4)}
    assert [arm.steps for arm in made_arms.values()] == [50] * 7 + [50, 150] * 3 + [150]
    assert made_arms["harmless-dpo"].how == "dpo"
    counted = Counter(one.aim for step in range(60) for one in made_arms["heuristic-3x"].drawn(step))
    assert counted["harmless"] / sum(counted.values()) == pytest.approx(
        HEURISTIC["harmless"] / sum(HEURISTIC.values()), abs=0.12
    )
    assert len(made_arms["reward-1x"].drawn(0)) == POOL * 4
    full, adapter = made_arms["equal-3x"], made_arms["equal-3x-lora"]
    assert (full.lora, adapter.lora, adapter.rate) == (0, LORA_RANK, 3 * full.rate)
    assert adapter.drawn(3) == full.drawn(3)
    assert made_arms["equal-1x"].drawn(3) == made_arms["equal-3x"].drawn(3) != made_arms["equal-1x"].drawn(4)
