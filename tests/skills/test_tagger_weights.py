"""Other weights than the shipped ones: named by the environment, and refused when they are damaged."""

from __future__ import annotations

import shutil

import pytest

from skills import tags
from skills.tagger import card
from skills.tagger.runtime import Tagger
from skills.taxonomy import TECHNIQUES


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the shipped folder that serves in its place."""
    folder = shutil.copytree(card.WEIGHTS, tmp_path / "weights")
    monkeypatch.setenv("TAGGER_WEIGHTS", str(folder))
    return folder


def test_the_environment_names_the_folder_that_serves(copy):
    assert card.weights_folder() == copy
    assert card.read_card()["version"] == Tagger(copy).version
    assert tags.low_reliability_codes() < set(TECHNIQUES)


def test_a_file_may_name_it_as_with_every_setting(copy, tmp_path, monkeypatch):
    monkeypatch.delenv("TAGGER_WEIGHTS")
    (tmp_path / "named").write_text(f"{copy}\n")
    monkeypatch.setenv("TAGGER_WEIGHTS_FILE", str(tmp_path / "named"))
    assert card.weights_folder() == copy
    assert card.chosen_by_environment()
    monkeypatch.setenv("TAGGER_WEIGHTS", "")  # the variable goes first, also with nothing in it
    assert not card.chosen_by_environment()
    assert card.weights_folder() != copy


def test_one_other_byte_is_noticed(copy):
    data = bytearray((copy / "tagger.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "tagger.onnx").write_bytes(data)
    with pytest.raises(ValueError, match="copy the folder again"):
        Tagger(copy)


def test_without_a_card_every_technique_counts_as_weakly_read(copy):
    (copy / "card.json").unlink()
    assert card.measured_codes() == {}
    assert tags.low_reliability_codes() == set(TECHNIQUES)
    with pytest.raises(FileNotFoundError):
        Tagger(copy)
