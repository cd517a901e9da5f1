"""Short training runs on a few of our own examples: they learn, repeat themselves, and can be broken off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from skills.corpora import own
from skills.tagger import soft
from skills.tagger.encode import Encoder, stack
from skills.tagger.heads import N_OUTPUTS
from skills.tagger.network import pretrained
from skills.tagger.origin import OtherRecipeError
from skills.tagger.pretrain import PretrainRecipe, pretrain
from skills.tagger.training import CHECKPOINT, Recipe, Sources, Training
from skills.tagger.vocabulary import shrink

SHORT = Recipe(epochs=2, embedding_weight=0.0)


@pytest.fixture(scope="module")
def examples():
    chosen = list(own.read())
    return [e for e in chosen if e.split == "train"][::150] + [e for e in chosen if e.split == "val"][::40]


@pytest.fixture(scope="module")
def first(examples, tmp_path_factory):
    reports = []
    training = Training(examples, tmp_path_factory.mktemp("first"), SHORT, reports.append)
    network = training.run()
    return training, network, reports


def same(one: dict, other: dict) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_reports_progress_judges_itself_and_leaves_its_checkpoint(first):
    training, _, reports = first
    assert max(report.get("progress", 0) for report in reports) == 1.0
    assert len(training.scores) == 2
    assert training.scores == [report["validation"] for report in reports if "validation" in report]
    assert (training.folder / CHECKPOINT).is_file()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(first, examples, tmp_path):
    _, network, _ = first
    again = Training(examples, tmp_path / "again", SHORT, lambda _: None).run()
    other = Training(examples, tmp_path / "other", replace(SHORT, seed=8), lambda _: None).run()
    assert same(network.state_dict(), again.state_dict())
    assert not same(network.state_dict(), other.state_dict())


def test_a_run_in_several_legs_ends_with_the_same_weights(examples, tmp_path, monkeypatch):
    """The clock is moved on by a minute a look, so that each leg ends in the middle of an epoch. With the
    pull to the original embedding, as in earnest: that of the form in which an example was first met."""
    recipe = replace(SHORT, embedding_weight=1.0)
    whole = Training(examples, tmp_path / "whole", recipe, lambda _: None).run()
    legs = 0
    ended = None
    while ended is None:
        legs += 1
        now = iter(range(0, 10**6, 60))
        monkeypatch.setattr("skills.tagger.training.time.monotonic", lambda now=now: float(next(now)))
        training = Training(examples, tmp_path / "legs", recipe, lambda _: None)
        ended = training.run(leg_minutes=4)
    assert legs > 2
    assert len(training.legs) == legs
    assert same(whole.state_dict(), ended.state_dict())


def test_a_checkpoint_of_another_recipe_is_refused(first, examples):
    training, _, _ = first
    with pytest.raises(OtherRecipeError, match="another recipe"):
        Training(examples, training.folder, replace(SHORT, rate=1e-5), lambda _: None).run()


def test_a_checkpoint_of_other_text_or_of_another_licence_is_refused(first, examples):
    training, _, _ = first
    for other, sources, name in (
        (examples[1:], Sources(), "examples"),
        (examples, Sources(permissive=True), "permissive"),
    ):
        with pytest.raises(OtherRecipeError, match=rf"learnt from something else \({name}\)"):
            Training(other, training.folder, SHORT, lambda _: None, sources).run()


def test_it_stops_when_the_validation_score_no_longer_rises(examples, tmp_path):
    training = Training(examples, tmp_path, replace(SHORT, epochs=9, patience=1), lambda _: None)
    scores = iter([0.5, 0.4, 0.6])
    training.judge = lambda network, context: next(scores)
    best = []
    training._tell = lambda *_: best.append(training.average.module.state_dict()["head_out.bias"].clone())
    network = training.run()
    assert training.scores == [0.5, 0.4]
    assert torch.equal(network.state_dict()["head_out.bias"], best[0])


def test_it_starts_from_a_pretrained_encoder(examples, tmp_path):
    lines = [example.text for example in examples]
    path = pretrain(lines, tmp_path / "before", PretrainRecipe(epochs=4), lambda _: None)
    kept = torch.load(path, weights_only=True)["network"]
    training = Training(examples, tmp_path / "after", SHORT, lambda _: None, Sources(encoders=(path,)))
    assert same(training.network.state_dict(), kept)
    plain = Training(examples, tmp_path / "plain", SHORT, lambda _: None)
    assert not same(plain.network.state_dict(), kept)


def test_a_teachers_word_is_found_by_message_and_previous_and_pulls(examples, tmp_path):
    said = np.full((len(examples), N_OUTPUTS), -3.0, np.float32)
    said[:, 0] = 3.0
    soft.save(tmp_path / "soft.npz", examples, said, {"encoder": "none"})
    logits, spoken = soft.lookup(
        (tmp_path / "soft.npz",), [*examples, replace(examples[0], previous="Other")]
    )
    assert spoken.tolist() == [True] * len(examples) + [False]
    assert np.allclose(logits[:-1], said)
    recipe = replace(SHORT, soft_weight=20.0, head_rate=5e-3)
    window = [torch.from_numpy(array) for array in training_window(examples, tmp_path)]
    pulled = []
    for sources in (Sources(), Sources(soft=(tmp_path / "soft.npz",))):
        folder = tmp_path / f"run{len(pulled)}"
        network = Training(examples, folder, recipe, lambda _: None, sources).run()
        with torch.no_grad():
            found = network(*window)[0][0, 0]
        pulled.append(float(found[0] - found[1:21].mean()))
    assert pulled[1] > pulled[0] + 0.1


def training_window(examples, folder):
    _, tokenizer = pretrained()
    shrink(tokenizer, folder / "tokenizer.json")
    return stack(Encoder(folder / "tokenizer.json").windows(examples[0].text)[:1])


def test_only_words_are_hidden(first):
    training, _, _ = first
    marks = set(training.marks.tolist())
    ids = torch.tensor([training.encoder.windows("You kept going, day after day.", "ok")[0].ids] * 200)
    hidden = training._masked(ids)
    changed = hidden != ids
    assert 0.05 < changed.float().mean() < 0.11
    assert set(hidden[changed].tolist()) == {training.encoder.mask}
    assert not marks & set(ids[changed].tolist())
