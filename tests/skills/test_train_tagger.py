"""`train_tagger --permissive` from start to finish on a handful of our own examples: weights that tag."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from skills.corpora import own
from skills.tagger import TagInput
from skills.tagger.pretrain import CHECKPOINT as PRETRAINED
from skills.tagger.runtime import Tagger
from skills.tagger.training import CHECKPOINT
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

    tagger = Tagger(tmp_path)
    assert tagger.version == lines[-1]["version"]
    assert tagger.card["strictest_licence"].startswith("permissive")
    assert [row["name"] for row in tagger.card["corpora"]] == ["Own written examples"]
    assert tagger.card["training"]["permissive"] is True
    [result] = tagger.tag([TagInput("What happened then?")])
    assert set(result.probabilities) == set(CODES)
    assert "permissive" in (tmp_path / "CARD.md").read_text(encoding="utf-8")
