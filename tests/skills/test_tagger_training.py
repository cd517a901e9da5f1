"""A short training run on a few of our own examples: it learns, it can be continued, it hides words."""

from __future__ import annotations

import pytest
import torch

from skills.corpora import own
from skills.tagger.training import CHECKPOINT, Recipe, Training

SHORT = Recipe(epochs=1, max_minutes=5.0, embedding_weight=0.0)


@pytest.fixture(scope="module")
def examples():
    return [example for example in own.read() if example.split == "train"][::60]


@pytest.fixture(scope="module")
def first(examples, tmp_path_factory):
    reports = []
    training = Training(examples, tmp_path_factory.mktemp("first"), SHORT, reports.append)
    training.run()
    return training, reports


def test_a_run_reports_progress_and_leaves_its_checkpoint(first):
    training, reports = first
    assert reports[-1]["progress"] == 1.0
    assert reports[-1]["loss"] > 0
    assert (training.folder / CHECKPOINT).is_file()


def test_a_further_leg_starts_where_the_first_one_ended(first, examples, tmp_path):
    training, _ = first
    later = Training(examples, tmp_path, SHORT, lambda _: None, training.folder / CHECKPOINT)
    ended, begins = training.network.state_dict(), later.network.state_dict()
    assert all(torch.equal(ended[name], begins[name]) for name in ended)
    assert later.earlier == [round(training.seconds / 60, 1)]
    assert later.step == later.epoch == 0


def test_only_words_are_hidden(first):
    training, _ = first
    marks = set(training.marks.tolist())
    ids = torch.tensor([training.encoder.windows("You kept going, day after day.", "ok")[0].ids] * 200)
    hidden = training._masked(ids)
    changed = hidden != ids
    assert 0.05 < changed.float().mean() < 0.11
    assert set(hidden[changed].tolist()) == {training.encoder.mask}
    assert not marks & set(ids[changed].tolist())
