"""`train_tagger --permissive` from start to finish on a handful of our own examples: weights that tag."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command

from skills.corpora import own
from skills.tagger import TagInput, origin, soft, training
from skills.tagger.heads import N_OUTPUTS
from skills.tagger.pretrain import CHECKPOINT as PRETRAINED
from skills.tagger.runtime import Tagger
from skills.tagger.training import CHECKPOINT, NETWORK
from skills.taxonomy import CODES


@pytest.fixture
def few(monkeypatch):
    some = list(own.read())
    monkeypatch.setattr(own, "read", lambda: iter(some[::45]))


@pytest.mark.slow
def test_weights_of_own_text_alone(few, tmp_path):
    out = io.StringIO()
    options = {"permissive": True, "output": str(tmp_path), "epochs": 1, "stdout": out}
    call_command("train_tagger", leg_minutes=0, **options)
    assert "run the same command again" in out.getvalue()
    assert (tmp_path / CHECKPOINT).is_file()
    call_command("train_tagger", **options)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[-1]["stage"] == "done"
    assert any(line.get("resumed") for line in lines)
    assert not (tmp_path / CHECKPOINT).exists()
    assert not (tmp_path / PRETRAINED).exists()
    assert origin.is_permissive(tmp_path / NETWORK)

    tagger = Tagger(tmp_path)
    assert tagger.version == lines[-1]["version"]
    assert tagger.card["strictest_licence"].startswith("permissive")
    assert [row["name"] for row in tagger.card["corpora"]] == ["Own written examples"]
    assert tagger.card["training"]["permissive"] is True
    [result] = tagger.tag([TagInput("What happened then?")])
    assert set(result.probabilities) == set(CODES)
    assert "permissive" in (tmp_path / "CARD.md").read_text(encoding="utf-8")


def refused(tmp_path, **options) -> str:
    with pytest.raises(CommandError) as error:
        call_command("train_tagger", output=str(tmp_path), stdout=io.StringIO(), **options)
    return str(error.value)


def test_a_permissive_run_takes_nothing_that_does_not_say_it_is_permissive(few, tmp_path):
    plain, teachers = tmp_path / "network.pt", tmp_path / "soft.npz"
    torch.save({"network": {}}, plain)  # as an earlier release wrote it
    said = list(own.read())
    soft.save(teachers, said, np.zeros((len(said), N_OUTPUTS)), {})
    words = "does not say that it learnt from permissively licensed text alone"
    assert f"{plain} {words}" in refused(tmp_path, permissive=True, encoder=[plain])
    assert "leave out --soft" in refused(tmp_path, permissive=True, soft=[teachers])
    torch.save({"network": {}, "permissive": True}, plain)
    origin.refuse_others([plain])


def test_a_run_does_not_go_on_with_what_another_one_left_in_its_folder(few, tmp_path):
    """A run on all corpora was broken off, and the same folder is named with --permissive."""
    state = {"network": {}, "permissive": False, "lines": origin.of_lines(["Of a corpus."])}
    torch.save(state, tmp_path / PRETRAINED)
    assert "name another --output, or remove the file" in refused(tmp_path, permissive=True)
    torch.save({"network": {}}, tmp_path / PRETRAINED)
    assert "learnt from other text than this run reads" in refused(tmp_path, permissive=True)


def test_nought_is_said_too(few, tmp_path, monkeypatch):
    def caught(_examples, _folder, recipe, _report, _sources):
        found.append(recipe)
        raise CommandError("far enough")

    found = []
    monkeypatch.setattr(training, "Training", caught)
    monkeypatch.setattr("skills.tagger.pretrain.pretrain", lambda *_, **__: tmp_path / PRETRAINED)
    given = {"soft_weight": 0.0, "patience": 0, "rate": 0.0}
    assert refused(tmp_path, permissive=True, **given) == "far enough"
    assert {name: getattr(found[0], name) for name in given} == given
    refused(tmp_path, permissive=True)
    assert found[1] == training.Recipe()
