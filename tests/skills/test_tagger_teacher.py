"""A teacher made here, tiny and random: it learns, its word is kept, and a broken run goes on."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from django.core.management import call_command
from django.core.management.base import CommandError
from transformers import BertConfig, BertModel, BertTokenizerFast

from skills.corpora import own
from skills.tagger.heads import N_OUTPUTS
from skills.tagger.origin import OtherRecipeError
from skills.tagger.teacher import CHECKPOINT, Teacher, TeacherRecipe

RECIPE = TeacherRecipe(epochs=2, max_minutes=600, frozen_layers=1, rate=1e-3)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A folder with a two-layer encoder and a vocabulary of letters."""
    folder = tmp_path_factory.mktemp("encoder")
    letters = [chr(number) for number in range(32, 127)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    torch.manual_seed(1)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(pieces), **shape)).save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def examples():
    return [example for example in own.read() if example.split == "train"][::60]


def test_it_learns_and_keeps_the_frozen_layers(encoder, examples, tmp_path):
    reports = []
    teacher = Teacher(encoder, tmp_path, RECIPE, reports.append)
    frozen = teacher.network.encoder.encoder.layer[0].output.dense.weight.clone()
    free = teacher.network.encoder.encoder.layer[1].output.dense.weight.clone()
    before = teacher.logits(examples)
    teacher.train(examples)
    assert torch.equal(frozen, teacher.network.encoder.encoder.layer[0].output.dense.weight)
    assert not torch.equal(free, teacher.network.encoder.encoder.layer[1].output.dense.weight)
    after = teacher.logits(examples)
    assert before.shape == after.shape == (len(examples), N_OUTPUTS)
    assert not np.allclose(before, after)
    assert np.isfinite(after.astype(np.float32)).all()


def test_the_order_of_the_examples_does_not_matter_to_what_it_says(encoder, examples, tmp_path):
    teacher = Teacher(encoder, tmp_path, RECIPE, lambda _: None)
    there, back = teacher.logits(examples), teacher.logits(examples[::-1])[::-1]
    assert np.allclose(there, back, atol=2e-2)


def test_a_run_that_is_through_is_not_made_again(encoder, examples, tmp_path):
    teacher = Teacher(encoder, tmp_path, RECIPE, lambda _: None)
    teacher.train(examples)
    assert (tmp_path / CHECKPOINT).is_file()
    reports = []
    later = Teacher(encoder, tmp_path, RECIPE, reports.append)
    later.train(examples)
    assert reports[0]["resumed"] is True
    assert np.array_equal(teacher.logits(examples), later.logits(examples))


def test_a_checkpoint_of_another_seed_encoder_or_text_is_refused(encoder, examples, tmp_path):
    Teacher(encoder, tmp_path, replace(RECIPE, epochs=1), lambda _: None).train(examples)
    other = tmp_path / "encoder"
    shutil.copytree(encoder, other)
    (other / "more.txt").write_text("another encoder")
    for path, recipe, learnt, words in (
        (encoder, replace(RECIPE, epochs=1, seed=9), examples, "another recipe"),
        (other, replace(RECIPE, epochs=1), examples, r"something else \(encoder\)"),
        (encoder, replace(RECIPE, epochs=1), examples[1:], r"something else \(examples\)"),
    ):
        with pytest.raises(OtherRecipeError, match=words):
            Teacher(path, tmp_path, recipe, lambda _: None).train(learnt)


def test_a_checkpoint_that_does_not_say_whose_it_is_is_refused(encoder, examples, tmp_path):
    torch.save({"network": {}}, tmp_path / CHECKPOINT)
    with pytest.raises(OtherRecipeError, match="name another folder, or remove the file"):
        Teacher(encoder, tmp_path, RECIPE, lambda _: None).train(examples)


def test_with_time_enough_the_clock_changes_nothing(encoder, examples, tmp_path, monkeypatch):
    said = []
    for second in (0.0, 0.5):
        now = itertools.count(0.0, second)
        monkeypatch.setattr("skills.tagger.teacher.time.monotonic", lambda now=now: next(now))
        teacher = Teacher(encoder, tmp_path / str(second), RECIPE, lambda _: None)
        teacher.train(examples)
        assert teacher.ended == {"ended_by": "epochs", "steps_by_the_clock": 0}
        said.append(teacher.logits(examples))
    assert np.array_equal(*said)


def test_it_says_that_the_time_limit_ended_it(encoder, examples, tmp_path, monkeypatch):
    now = itertools.count(0.0, 20.0)
    monkeypatch.setattr("skills.tagger.teacher.time.monotonic", lambda: next(now))
    teacher = Teacher(encoder, tmp_path, replace(RECIPE, max_minutes=1, tokens_per_batch=60), lambda _: None)
    teacher.train(examples)
    assert teacher.ended["ended_by"] == "time limit"
    assert teacher.ended["steps_by_the_clock"] > 0


def test_another_seed_in_the_folder_of_a_finished_run_is_another_teacher(
    encoder, examples, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("skills.corpora.library.read_all", lambda _: examples)
    monkeypatch.setattr("skills.corpora.library.unlabelled", lambda *_: [])
    monkeypatch.setattr(Teacher, "rows", lambda *_: [])
    given = {"corpora": str(tmp_path), "encoder": str(encoder), "output": str(tmp_path / "out"), "epochs": 1}
    said = []
    for seed in (1, 2):
        call_command("train_teacher", **given, seed=seed, frozen_layers=1)
        with np.load(tmp_path / "out" / "soft.npz") as kept:
            said.append(kept["logits"])
        assert f"'seed', {seed}" in str(np.load(tmp_path / "out" / "soft.npz")["note"])
        assert not (tmp_path / "out" / CHECKPOINT).exists()
    assert not np.array_equal(*said)
    assert '"ended_by": "epochs"' in capsys.readouterr().out
    Teacher(encoder, tmp_path / "out", replace(RECIPE, seed=1), lambda _: None)._save()
    with pytest.raises(CommandError, match="another recipe"):
        call_command("train_teacher", **given, seed=2)


def test_the_previous_message_is_seen_unless_it_is_left_out(encoder, examples, tmp_path):
    teacher = Teacher(encoder, tmp_path, RECIPE, lambda _: None)
    one = replace(examples[0], previous="I cannot sleep")
    with_it = teacher._encode([one], [(0, False)])
    alone = teacher._encode([one], [(0, True)])
    assert with_it[0].shape[1] > alone[0].shape[1]
    assert with_it[2].sum() == alone[2].sum() == alone[0].shape[1]
