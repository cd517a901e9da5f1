from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

import skills
from skills.taxonomy import CODES, EMPATHY

FOLDER = Path(skills.__file__).parent / "tagger" / "own"
KEYS = {"text", "previous", "codes", "empathy", "split"}
SPLITS = ("train", "frozen")


def read_examples() -> list[tuple[str, dict]]:
    """Every line as ("file.jsonl:3", parsed object)."""
    return [
        (f"{path.name}:{number}", json.loads(line))
        for path in sorted(FOLDER.glob("*.jsonl"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    ]


@pytest.fixture(scope="module")
def examples() -> list[tuple[str, dict]]:
    return read_examples()


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 0.0


def test_one_file_per_code():
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(CODES)


def test_every_line_has_the_agreed_shape(examples):
    for where, example in examples:
        assert set(example) <= KEYS, where
        assert example["text"].strip() == example["text"] != "", where
        assert example.get("previous", "x").strip(), where
        assert example["split"] in SPLITS, where


def test_codes_are_known_and_include_the_file_s_own(examples):
    for where, example in examples:
        codes = example["codes"]
        assert set(codes) <= set(CODES), where
        assert len(set(codes)) == len(codes), where
        assert where.split(".")[0] in codes, where


def test_empathy_levels(examples):
    for where, example in examples:
        if "empathy" in example:
            assert set(example["empathy"]) == set(EMPATHY), where
            assert set(example["empathy"].values()) <= {0, 1, 2}, where


def test_unaccompanied_codes_stand_alone(examples):
    """`other` means that nothing else applies, so it never shares a line."""
    for where, example in examples:
        if "other" in example["codes"]:
            assert example["codes"] == ["other"], where


def test_texts_are_unique(examples):
    counts = Counter(" ".join(example["text"].casefold().split()) for _, example in examples)
    assert [text for text, n in counts.items() if n > 1] == []


def test_frozen_lines_have_no_near_duplicate_in_train(examples):
    bags = {split: [(w, words(e["text"])) for w, e in examples if e["split"] == split] for split in SPLITS}
    near = [
        (where, twin)
        for where, bag in bags["frozen"]
        for twin, other in bags["train"]
        if jaccard(bag, other) >= 0.8
    ]
    assert near == []


@pytest.mark.parametrize("code", CODES)
def test_each_code_can_be_measured_and_trained(examples, code):
    counts = Counter(example["split"] for _, example in examples if code in example["codes"])
    assert counts["frozen"] >= 30
    assert counts["train"] >= 30


def test_lines_vary_in_context_length_and_number_of_codes(examples):
    """Context on about two thirds of the lines, several codes on a fair share, short and long texts."""
    parsed = [example for _, example in examples]
    assert 0.55 <= sum("previous" in e for e in parsed) / len(parsed) <= 0.85
    assert sum(len(e["codes"]) > 1 for e in parsed) / len(parsed) >= 0.1
    lengths = [len(e["text"].split()) for e in parsed]
    assert min(lengths) <= 2 and max(lengths) >= 40
