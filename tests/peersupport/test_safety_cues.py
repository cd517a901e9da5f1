"""The cue model beside the rules: what is shipped holds its figures, is quick, light and pure."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import peersupport
from peersupport.safety import assess, safety_version
from peersupport.safety.cue_features import MOST_STRETCHES, WORDS_FILE, stretches, topics, word_classes
from peersupport.safety.cues import RULE, WEIGHTS_FILE, load_weights
from peersupport.safety.evaluate import read_lines, score

LINES = Path(peersupport.__file__).parent / "safety" / "lines"
HEAVY = {"torch", "transformers", "onnxruntime", "scipy", "sklearn", "numpy", "django"}


def test_the_version_names_rules_and_weights():
    assert safety_version().startswith("safety-2.")
    assert safety_version().endswith(load_weights().version)


def test_the_weights_are_small_and_every_topic_has_one():
    assert WEIGHTS_FILE.stat().st_size < 1_000_000
    weights = load_weights()
    missing = [topic.name for topic in topics() if not any(f"!{topic.name}" in name for name in weights.of)]
    assert missing == []


def test_a_word_stands_in_one_class_only():
    groups = tomllib.loads(WORDS_FILE.read_text("utf-8"))
    assert sum(len(set(words.split())) for words in groups.values()) == len(word_classes())


def test_the_model_sees_what_no_rule_says():
    text = "they pumped my stomach last month. i wish they hadnt"
    assert assess(text, role="seeker", eyes="rules").level == "none"
    found = assess(text, role="seeker")
    assert found.level != "none" and found.rules == (RULE,)
    [(start, end)] = found.spans
    assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "Are you thinking about killing yourself?",
        "It sounds like part of you wishes you could disappear.",
        "I hear that life feels pointless, and that you are tired of being alive.",
        "I'm worried that you might hurt yourself tonight. Are you safe?",
        "I want to ask you directly: do you want to die?",
        "Many people who feel this way think that others would be better off without them.",
        "I am so glad you told me that you don't want to wake up.",
        "You said there is no point in going on. What makes you say that?",
        "I lost my brother to suicide, so I know how heavy that can be.",
        "I can imagine how it must be to feel like a burden.",
        "I understand that you hurt yourself when it gets too loud.",
        "Thank you for trusting me with the thoughts of ending it all.",
    ],
)
def test_what_a_counselor_says_is_no_disclosure(text):
    assert assess(text, role="counselor").level == "none"


@pytest.mark.parametrize(
    "text",
    [
        "Honestly I don't want to be alive anymore, I can't do this shift.",
        "I feel suicidal and I don't know who to tell.",
        "I want to kill myself.",
        "i cut myself again last night",
        "Everyone would be better off without me.",
    ],
)
def test_a_volunteers_own_disclosure_is_seen(text):
    assert assess(text, role="counselor").level != "none"


def test_a_usual_message_takes_less_than_five_milliseconds():
    rows = [json.loads(raw) for raw in (LINES / "train.jsonl").read_text("utf-8").splitlines()][::4]
    assess("warm up", role="seeker")
    start = time.process_time()
    for row in rows:
        assess(row["text"], role="seeker")
    assert (time.process_time() - start) / len(rows) < 0.005


def test_a_long_message_is_read_in_bounds():
    assert len(stretches("i want this to stop now please. " * 400)) == MOST_STRETCHES
    assert stretches("") == [] and stretches("... !?") == []


def test_the_room_needs_no_library_at_all():
    script = (
        "import sys\nfrom peersupport.safety import assess\nassess('i want to disappear', role='seeker')\n"
        f"print(sorted(set({sorted(HEAVY)}) & set(sys.modules)))"
    )
    root = Path(peersupport.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_shipped_rules_and_model_hold_their_figures_on_the_frozen_lines():
    """Measured once at .863, .813 and .146 (docs/crisis.md); the bars of .95 and .85 are not reached yet."""
    found = score(read_lines(LINES / "frozen.jsonl"))
    assert found.noticed["explicit"].value >= 0.84
    assert found.noticed["passive"].value >= 0.79
    assert found.alarms.value <= 0.17
