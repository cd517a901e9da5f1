from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peersupport.safety import KINDS, LEVELS, assess
from peersupport.safety.evaluate import read_lines, score
from peersupport.safety.rules import MATCHES_PER_RULE, SPANS, _merged, apply_rules, load_rules, read_message

LINES = read_lines(Path(__file__).parent / "data" / "crisis_lines.jsonl")


@pytest.mark.parametrize("split", ["dev", "test"])
def test_recall_and_precision_on_the_own_lines(split):
    scores = score(line for line in LINES if line.split == split)
    print(f"\n{split}: explicit {scores.noticed['explicit']}, passive {scores.noticed['passive']}")
    print(f"{split}: precision {scores.precision}")
    assert scores.noticed["explicit"].value >= 0.95
    assert scores.noticed["passive"].value >= 0.85
    assert scores.precision.value >= 0.90


def test_the_lines_cover_both_roles_all_levels_and_kinds():
    assert len(LINES) >= 300 and len({line.text for line in LINES}) == len(LINES)
    assert {line.level for line in LINES} == set(LEVELS)
    assert {kind for line in LINES for kind in line.kinds} == set(KINDS)
    assert {line.role for line in LINES} == {"seeker", "counselor"}


@pytest.mark.parametrize(
    "text",
    [
        "i want to k1ll mys3lf",
        "I want to “kill” myself",
        "I want to kill my\u200bself",
        "ｉ ｗａｎｔ ｔｏ ｄｉｅ",
        "I don’t want to live anymore",
        "i want to diiiiie",
        "s u i c i d e",
        "I want \t to    die",
    ],
)
def test_disguised_words_are_read(text):
    assert assess(text, role="seeker").level == "explicit"


def test_spans_point_into_the_message_as_written():
    text = "Hm… I’m “fine”. But I want to k1ll\u200b mys3lf today."
    finding = assess(text, role="seeker")
    assert [text[start:end] for start, end in finding.spans] == ["k1ll\u200b mys3lf"]
    assert finding.kinds == ("suicide",) and "suicide.kill_myself" in finding.rules


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Are you thinking about killing yourself?", "none"),
        ("You said you want to die.", "none"),
        ('You wrote "I want to kill myself" and I took that seriously.', "none"),
        ("I want to kill myself too.", "explicit"),
        ("I don't want to wake up either, most days.", "passive"),
    ],
)
def test_counselor_counts_only_for_an_own_disclosure(text, level):
    assert assess(text, role="counselor").level == level


def test_the_gravest_kind_comes_first_and_an_attempt_stays_grave():
    assert assess("I don't want to wake up anymore. He hits me every day.", role="seeker").kinds == (
        "abuse",
        "suicide",
    )
    assert assess("I used to cut myself, years ago.", role="seeker").level == "passive"
    assert assess("I used to cut myself, and lately again.", role="seeker").level == "explicit"
    assert assess("I tried to kill myself, years ago.", role="seeker").level == "explicit"
    assert assess("I wanted to kill myself, years ago.", role="seeker").level == "passive"


@pytest.mark.parametrize(
    ("text", "role", "level"),
    [
        ("My father told me to go die.", "seeker", "passive"),
        ("My father told me to go die.", "counselor", "none"),  # that rule is of no disclosure
        ("I am sick of living with my parents.", "seeker", "none"),  # petty
        ("I am sick of living.", "seeker", "passive"),
        ("At the office party my ex said she would hurt herself.", "seeker", "passive"),
        ("The meeting was long and I want to hurt myself.", "seeker", "explicit"),
        ("After the meeting I wish I was dead.", "seeker", "passive"),
        ("I do not think about dying. I think about rent.", "seeker", "none"),
        ("I think about dying.", "seeker", "passive"),
        ("My sister is home. I'm not safe alone, I don't trust myself with the pills.", "seeker", "explicit"),
        ("I miss her so. I want to be where she is now.", "seeker", "passive"),
        ("My friend wants to die.", "seeker", "passive"),  # not the seeker's own wish
        ("Do I want to die? No. I want to be left alone.", "seeker", "none"),
        ("Killing myself? No, I couldn't.", "seeker", "none"),
        ("My doctor always asks about self harm and its always no.", "seeker", "none"),
        ("My doctor asks about self harm.", "seeker", "explicit"),
    ],
)
def test_the_rules_alone(text, role, level):
    """Without the cue model, which would often notice the same."""
    assert apply_rules(read_message(text, role=role), role=role).level == level


def test_an_attempt_is_looked_for_in_its_own_sentence_behind_others():
    before = "It has been a long and grey day at work, and nobody called me all week. "
    for said, level in [
        ("Years ago I nearly killed myself.", "explicit"),
        ("Years ago I wanted to kill myself.", "passive"),
    ]:
        assert apply_rules(read_message(before + said, role="seeker"), role="seeker").level == level


def test_a_flood_of_denials_is_not_read_to_its_end():
    denial = "I don't want to kill myself. "
    assert assess(denial * MATCHES_PER_RULE, role="seeker").level == "none"
    assert assess(denial * (MATCHES_PER_RULE + 1), role="seeker").level == "explicit"


def test_spans_are_few_and_those_that_touch_are_one():
    assert len(assess("I want to kill myself. " * 30, role="seeker").spans) == SPANS
    assert _merged([(0, 4), (4, 6), (5, 9), (11, 12)]) == ((0, 9), (11, 12))
    assert _merged([(0, 9), (2, 3)]) == ((0, 9),)


def test_unknown_role_is_refused():
    with pytest.raises(ValueError, match="role"):
        assess("hello", role="admin")


def test_a_denial_in_one_clause_does_not_hide_the_next():
    assert assess("I don't want to kill myself.", role="seeker").level == "none"
    assert assess("I'm not joking, I want to kill myself.", role="seeker").level == "explicit"
    assert assess("I won't lie, I want to die.", role="seeker").level == "explicit"


def test_usual_messages_take_less_than_five_milliseconds():
    assess("warm up", role="seeker")
    start = time.process_time()
    for line in LINES:
        assess(line.text, role=line.role)
    assert (time.process_time() - start) / len(LINES) < 0.005


def hostile_texts():
    needs = " ".join(word for rule in load_rules().rules for word in rule.needs)
    words = sorted({word for line in LINES for word in line.text.lower().split()})
    chance = random.Random(7)
    yield from (
        "kms " * 2500,
        "a" * 10_000,
        "." * 10_000,
        "i want to " * 1000,
        "😀é“" * 3300,
        "s u i c " * 1250,
    )
    yield ("my friend he said he wants " * 500)[:10_000]
    yield (needs * 20)[:10_000]
    yield " ".join(chance.choices(words, k=2500))[:10_000]


@pytest.mark.parametrize("number", range(9))
def test_the_longest_hostile_message_stays_under_a_quarter_of_a_second(number):
    """0.06 s at most on an idle machine; the suite may run beside another one."""
    text = list(hostile_texts())[number][:4000]  # MESSAGE_MAX_CHARACTERS
    assert min(_seconds(text) for _ in range(5)) < 0.25


def _seconds(text: str) -> float:
    start = time.process_time()
    assess(text, role="seeker")
    return time.process_time() - start


@given(st.text(max_size=400), st.sampled_from(["seeker", "counselor"]))
def test_any_text_gives_a_finding_with_spans_inside_it(text, role):
    finding = assess(text, role=role)
    assert finding.level in LEVELS
    assert all(0 <= start < end <= len(text) for start, end in finding.spans)
    assert (finding.level == "none") == (not finding.rules)
