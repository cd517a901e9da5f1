"""Readers of the corpora without dialogue, our own examples, and the split rule."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from skills.corpora import empathetic_intents, epitome, mi_dataset, own
from skills.corpora.example import Example, split_of
from skills.corpora.library import CORPORA, read_all
from skills.corpora.maps import ANNOMI, EMPATHETIC, ESCONV, MI_GROUPS, PHYSICAL_ACTIVITY, READOUTS
from skills.taxonomy import CODES


def _csv(path: Path, *rows: tuple) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def test_mi_groups_leave_codes_that_the_scheme_does_not_have_unknown(tmp_path):
    rows = (("text", "group"), ("You did that on your own.", "A"), ("Rain is wet.", "ETC"))
    _csv(tmp_path / "mi_dataset" / "coarse_train.csv", *rows)
    affirm, rest = mi_dataset.read(tmp_path)
    assert affirm.positive == (frozenset({"affirm"}),)
    assert "seek_collaboration" not in affirm.negative
    assert "inappropriate" not in affirm.negative
    assert {"open_question", "reflection_simple"} <= rest.negative
    assert not rest.negative & rest.positive[0]


def test_epitome_joins_the_three_files_by_pair(tmp_path):
    header = ("sp_id", "rp_id", "seeker_post", "response_post", "level", "rationales")
    for level, name in enumerate(("emotional-reactions", "interpretations", "explorations")):
        row = ("p1", "r1", "My exam went badly.", "That is a lot to carry.", level, "")
        _csv(tmp_path / "epitome" / f"{name}_train.csv", header, row)
    [example] = epitome.read(tmp_path)
    assert example.empathy == {"emotional_reactions": 0, "interpretations": 1, "explorations": 2}
    assert example.positive == ()
    assert example.previous == "My exam went badly."


def test_silver_intents_weigh_less_than_those_labelled_by_hand(tmp_path):
    base = tmp_path / "empathetic_intents"
    (base / "manual_annotations").mkdir(parents=True)
    (base / "lexically_extended_intent_data" / "train").mkdir(parents=True)
    (base / "manual_annotations" / "sympathizing.txt").write_text(
        "So sorry about your bike.\n", encoding="utf-8"
    )
    silver = base / "lexically_extended_intent_data" / "train" / "suggesting.txt"
    silver.write_text("3 <SEP> You could paint it blue.\n", encoding="utf-8")
    by_hand, found = empathetic_intents.read(tmp_path)
    assert by_hand.positive == (frozenset({"support"}),)
    assert found.text == "You could paint it blue."
    assert found.weight < by_hand.weight / 3


def test_own_lines_settle_every_code_and_the_frozen_part_never_trains(tmp_path):
    lines = (
        {"text": "See you soon, and well done.", "codes": ["conclusion", "affirm"], "split": "frozen"},
        {
            "text": "What now?",
            "previous": "I left.",
            "codes": ["open_question"],
            "empathy": {"explorations": 2},
        },
    )
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    frozen, trained = own.read(tmp_path)
    assert frozen.split == "test"
    assert trained.split in {"train", "val"}
    assert set(frozen.positive) == {frozenset({"affirm"}), frozenset({"conclusion"})}
    assert frozen.negative == set(CODES) - {"affirm", "conclusion"}
    assert trained.empathy == {"explorations": 2}


def test_an_unknown_own_code_is_an_error_that_names_the_line_without_quoting_it(tmp_path):
    (tmp_path / "y.jsonl").write_text('{"text": "secret words", "codes": ["nagging"]}\n', encoding="utf-8")
    with pytest.raises(own.OwnExampleError, match=r"y\.jsonl line 1") as caught:
        list(own.read(tmp_path))
    assert "secret" not in str(caught.value)


def test_the_split_depends_on_the_group_alone_and_has_the_right_shares():
    counts = Counter(split_of(f"corpus:{number}") for number in range(4000))
    assert 0.12 < counts["test"] / 4000 < 0.16
    assert 0.06 < counts["val"] / 4000 < 0.10
    first = Example(corpus="a", group="7", text="one")
    second = Example(corpus="a", group="7", text="two")
    assert first.split == second.split


def test_every_mapped_code_exists_and_every_readout_covers_its_labels():
    for mapping in (ANNOMI, MI_GROUPS, ESCONV, EMPATHETIC, PHYSICAL_ACTIVITY, *READOUTS.values()):
        for codes in mapping.values():
            assert set(codes) <= set(CODES)
    assert {corpus.name for corpus in CORPORA} >= set(READOUTS)


def test_missing_corpora_are_left_out(tmp_path):
    assert {example.corpus for example in read_all(tmp_path)} <= {"own"}
