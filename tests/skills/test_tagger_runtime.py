"""The shipped tagger as it runs: what it promises whatever its weights have learnt."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skills.corpora.own import read
from skills.tagger import TagInput, load_tagger
from skills.tagger.card import WEIGHTS, mark, read_card
from skills.taxonomy import CODES, EMPATHY

ROOT = Path(__file__).resolve().parents[2]
TAGGER = load_tagger()
SOME = [TagInput(example.text, example.previous) for example in read()][:120]


def test_the_weights_are_those_of_the_card_and_small_enough():
    card = read_card()
    assert hashlib.sha256((WEIGHTS / "tagger.onnx").read_bytes()).hexdigest() == card["sha256"]
    settled = {name: card[name] for name in ("families", "temperature", "margin")}
    settled["thresholds"] = {code: row["threshold"] for code, row in card["codes"].items()}
    assert card["version"].endswith(mark(card["sha256"], settled)) and TAGGER.version == card["version"]
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 24 * 1024 * 1024
    assert set(card["codes"]) == set(CODES)


def test_the_card_page_is_generated_from_the_card():
    from skills.tagger.page import write_page

    card = json.loads((WEIGHTS / "card.json").read_text(encoding="utf-8"))
    assert write_page(card) == (WEIGHTS / "CARD.md").read_text(encoding="utf-8")


def test_low_reliability_follows_the_rule_and_every_code_says_where_it_was_measured():
    for code, row in read_card()["codes"].items():
        assert row["low_reliability"] == (row["f1"] < 0.60 or row["n"] < 30), code
        assert row["ci"][0] <= row["f1"] <= row["ci"][1], code
        assert row["source"] in ("development test", "own frozen set")


def test_company_and_threads_change_nothing():
    alone = [TAGGER.tag([item])[0] for item in SOME]
    for together in (TAGGER.tag(SOME), TAGGER.tag(SOME[::-1], threads=2)[::-1]):
        for one, other in zip(alone, together, strict=True):
            assert replace(other, probabilities={}) == replace(one, probabilities={})
            assert other.probabilities == pytest.approx(one.probabilities, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=80))
def test_any_text_gives_bounded_numbers_and_spans_inside_it(text, previous):
    [result] = TAGGER.tag([TagInput(text, previous)])
    assert set(result.probabilities) == set(CODES)
    assert all(0 <= chance <= 1 for chance in result.probabilities.values())
    assert set(result.empathy) == set(EMPATHY)
    assert set(result.spans) == set(result.present)
    for start, stop in result.spans.values():
        assert 0 <= start < stop <= len(text)


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("", "empty"),
        ("  \n\t", "empty"),
        ("🙂🙂", "empty"),
        ("Das klingt sehr anstrengend, und niemand sieht es wirklich.", "not_english"),
        ("What happened? " * 1200, "truncated"),
    ],
)
def test_what_cannot_be_read_is_said_and_not_guessed(text, notice):
    [result] = TAGGER.tag([TagInput(text)])
    assert result.notice == notice
    if notice != "truncated":
        assert result.present == []


def test_spans_point_at_the_sentence_that_shows_the_technique():
    """Two frozen own examples said in one message: each code found is found in its own half."""
    frozen = [e for e in read() if e.split == "test" and len(e.positive) == 1 and e.text[-1] in ".!?"]
    random, right = np.random.default_rng(3), []
    for first, second in (random.choice(len(frozen), 2, replace=False) for _ in range(200)):
        parts = frozen[first], frozen[second]
        codes = [next(iter(part.positive[0])) for part in parts]
        [result] = TAGGER.tag([TagInput(f"{parts[0].text} {parts[1].text}", parts[0].previous)])
        middle = len(parts[0].text)
        if codes[0] in result.spans and codes[0] != codes[1]:
            right.append(result.spans[codes[0]][1] <= middle + 1)
        if codes[1] in result.spans and codes[0] != codes[1]:
            right.append(result.spans[codes[1]][0] >= middle)
    assert len(right) > 60
    assert np.mean(right) >= 0.9


def test_embeddings_are_unit_rows_and_rank_by_meaning():
    near, far, empty = "I can't sleep at night", "The bus stops at the town hall", ""
    rows = TAGGER.embed(["I lie awake every night", near, far, empty])
    assert rows.shape == (4, 384)
    assert np.allclose(np.linalg.norm(rows[:3], axis=1), 1, atol=1e-4)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2
    assert not rows[3].any()


def test_importing_the_package_loads_no_runtime():
    script = "import sys, skills.tagger, skills.tagger.card; print('onnxruntime' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
