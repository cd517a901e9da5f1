"""The crisis lines: their shape, enough of each kind, and the frozen part apart from the train part."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import peersupport

FOLDER = Path(peersupport.__file__).parent / "safety" / "lines"
MEASURED = ("frozen", "frozen_counselor", "frozen_abuse")
LEAST = {"explicit": 80, "passive": 80, "self_harm": 40, "third_person": 30, "negated": 40, "idiom": 60}


def read(split: str) -> list[dict]:
    return [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text("utf-8").splitlines()]


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def test_every_line_has_its_shape_and_its_own_name():
    rows = [row for name in (*MEASURED, "train", "more") for row in read(name)]
    assert all(row["level"] in ("explicit", "passive", "none") and row["text"].strip() for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    for name in MEASURED:
        assert {row["split"] for row in read(name)} == {name.removeprefix("frozen_")}
    assert {row["split"] for row in read("train") + read("more")} == {"train"}


def test_there_are_enough_of_each_kind_to_measure():
    counts = Counter(row["kind"] for row in read("frozen"))
    assert all(counts[kind] >= least for kind, least in LEAST.items())
    assert sum(counts.values()) >= 300
    others = [*read("frozen_counselor"), *read("frozen_abuse")]
    counts = Counter((row["kind"], row["level"] == "none") for row in others)
    assert counts[("asks_or_reflects", True)] >= 30 and counts[("own_disclosure", False)] >= 30
    assert counts[("abuse", False)] >= 30 and counts[("everyday", True)] >= 18
    assert sum(counts.values()) == len(others) == 110


def test_the_frozen_part_has_no_near_twin_in_the_train_part():
    train = [words(row["text"]) for row in read("train") + read("more")]
    for row in (row for name in MEASURED for row in read(name)):
        bag = words(row["text"])
        twins = sum(len(bag & other) >= 0.8 * len(bag | other) for other in train)
        assert twins == 0, row["id"]
