"""One short run of the ablation on a few of our own examples: its row, and that it is not made twice."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from skills.corpora import own
from skills.corpora.example import Example
from skills.tagger import ablation
from skills.tagger.origin import OtherRecipeError
from skills.tagger.training import Sources


@pytest.fixture(scope="module")
def examples():
    mine = list(own.read())[::60]
    away = [
        Example("annomi", f"t{number % 3}", text, label=label, fixed_split="train")
        for number, (text, label) in enumerate(
            [("What happened then?", "question"), ("Mm-hm.", "other"), ("So you left.", "reflection")] * 2
        )
    ]
    return mine + away


def test_a_corpus_that_is_left_out_is_measured_whole(examples, tmp_path):
    variant = ablation.Variant("without annomi", without=("annomi",), pretraining=False, teacher=False)
    row = ablation.run(variant, examples, tmp_path, Sources(), lambda _: None)
    [away] = row["left_out"]
    assert (away["n"], away["transcripts"]) == (6, 3)
    assert row["items"] > 0
    assert 0 < row["embedding"] <= 1
    assert [task["task"] for task in row["tasks"]] == ["own frozen set, mean F1 of the codes"]
    again = ablation.run(replace(variant, title="other"), examples, tmp_path, Sources(), lambda _: None)
    assert again == row
    assert json.loads((tmp_path / "row.json").read_text())["made_of"]["recipe"]["share"] == 0.4
    encoder = tmp_path / "pretrained.pt"
    encoder.write_bytes(b"another")
    for other, learnt, start, share, words in (
        (variant, examples, Sources(), 0.1, "other recipe"),
        (variant, examples[1:], Sources(), 0.4, "other corpora"),
        (replace(variant, pretraining=True), examples, Sources(encoders=(encoder,)), 0.4, "other encoders"),
        (replace(variant, without=("esconv",)), examples, Sources(), 0.4, "other without"),
    ):
        with pytest.raises(OtherRecipeError, match=words):
            ablation.run(other, learnt, tmp_path, start, lambda _: None, share)


def test_each_piece_has_its_run():
    changed = {key for variant in ablation.VARIANTS for key in variant.change}
    assert changed == {"context", "sets", "balance", "embedding_weight"}
    assert {code for variant in ablation.VARIANTS for code in variant.without} == {"own", *ablation.LEFT_OUT}
    assert any(not variant.pretraining for variant in ablation.VARIANTS)
    assert sum(variant.teacher for variant in ablation.VARIANTS) == 1


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("ablate_tagger", {"corpora": "nowhere", "encoder": "e", "output": "o"}, "--corpora"),
        ("train_tagger", {"output": "o"}, "--permissive"),
        ("train_tagger", {"corpora": "nowhere", "output": "o"}, "--corpora"),
        ("train_teacher", {"corpora": "nowhere", "encoder": "e", "output": "o"}, "No folder nowhere"),
        ("evaluate_tagger", {"corpora": "nowhere"}, "--corpora"),
    ],
)
def test_a_folder_that_is_not_there_is_named(command, options, words, tmp_path, monkeypatch):
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    if command == "ablate_tagger":
        options = {name: Path(value) for name, value in options.items()}
    with pytest.raises(CommandError, match=words):
        call_command(command, **options)
