"""Directions are found as planted, files say whom they are for, and bad ones are refused with a reason."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from feedback.coach.steering.blocks import (
    checked_layers,
    decoder_blocks,
    fingerprint,
    older_fingerprint,
)
from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.reading import auc, choose_layers, direction, read
from feedback.coach.steering.vectors import SteeringVector
from tests.feedback.steering_models import CONFIGS, Plain, Planted, Words, planted_behaviour, tiny, vector


def planted_states(pairs=200, width=16):
    """The concept on the first axis; every pair shares a larger nuisance of its own."""
    generator = torch.Generator().manual_seed(0)
    shared = 5 * torch.randn(pairs, width, generator=generator)
    noise = torch.randn(2, pairs, width, generator=generator)
    axis = torch.eye(width)[0]
    return shared + 3 * axis + noise[0], shared - 3 * axis + noise[1], axis


@pytest.mark.parametrize("method", ["mean", "pca"])
def test_the_planted_direction_is_found_whatever_the_order(method):
    positive, negative, axis = planted_states()
    found = direction(positive, negative, method)
    assert float(found @ axis) > 0.99
    assert float(found.norm()) == pytest.approx(1.0, abs=1e-6)
    order = torch.randperm(len(positive), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(direction(positive[order], negative[order], method), found)
    torch.testing.assert_close(direction(negative, positive, method), -found)


def test_reading_a_model_finds_its_axis_and_separates_held_out_pairs():
    behaviour = planted_behaviour()
    reading = read(Planted(), Words(), behaviour.fit, behaviour.held_out, form=Plain())
    assert [float(one[0]) for one in reading.directions.values()] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert reading.auc == {0: 1.0, 1: 1.0}
    turned = read(Planted(), Words(), behaviour.fit[::-1], behaviour.held_out, form=Plain())
    torch.testing.assert_close(turned.directions[0], reading.directions[0])


def test_pairs_that_choose_the_layers_are_read_apart_from_those_that_measure():
    pairs = planted_behaviour().held_out
    turned = [replace(pair, positive=pair.negative, negative=pair.positive) for pair in pairs[:9]]
    reading = read(
        Planted(), Words(), planted_behaviour().fit, pairs[9:], form=Plain(), choosing=turned, layers=[1]
    )
    assert (reading.auc, reading.merit) == ({1: 1.0}, {1: 0.0})
    assert read(Planted(), Words(), planted_behaviour().fit, pairs, form=Plain()).merit == {}


def test_auc_counts_ties_half():
    assert auc(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.0])) == 0.875


def test_the_best_neighbouring_layers_are_chosen():
    flat = dict.fromkeys(range(10), 0.7)
    assert choose_layers(flat | {6: 0.9, 7: 0.9}) == [6, 7]
    assert choose_layers(flat) in ([3, 4], [4, 5])
    assert choose_layers({0: 0.5, 1: 0.5}) == [0]


def test_no_direction_and_no_numbers_are_errors():
    states = torch.randn(4, 8)
    with pytest.raises(SteeringError, match="no direction"):
        direction(states, states)
    with pytest.raises(SteeringError, match="unknown method"):
        direction(states, -states, "umap")
    broken = Planted()
    broken.table.data[91] = float("nan")
    behaviour = planted_behaviour()
    with pytest.raises(SteeringError, match="not all values are numbers"):
        read(broken, Words(), behaviour.fit, behaviour.held_out, form=Plain())


@pytest.mark.parametrize("family", CONFIGS)
def test_blocks_are_found_in_every_family(family):
    model = tiny(family)
    assert len(decoder_blocks(model)) == 3
    assert checked_layers(model, [-1, 0]) == [0, 2]
    with pytest.raises(SteeringError, match=r"unknown layer \[3\]: the model has layers 0 to 2"):
        checked_layers(model, [1, 3])


def test_fingerprint_is_of_the_weights_and_not_of_their_type():
    model = tiny()
    assert fingerprint(model) == fingerprint(tiny())
    assert fingerprint(model) != fingerprint(tiny(seed=1))
    assert fingerprint(tiny().bfloat16()) == fingerprint(model)


def with_a_table(size):
    """The tiny model with one more parameter, of a size that a family may have."""
    model = tiny()
    model.table = torch.nn.Parameter(torch.arange(size, dtype=torch.float32))
    return model


@pytest.mark.parametrize("size", [1, 100, 4096, 5000, 8191, 12287, 16384, 65537])
def test_fingerprint_sees_a_change_at_either_end_of_a_parameter(size):
    model = with_a_table(size)
    before = fingerprint(model)
    for part in (slice(0, 1), slice(-(size // 4096 + 1), None)):
        changed = with_a_table(size)
        changed.table.data[part] += 1000.0
        assert fingerprint(changed) != before


def test_marks_of_the_older_rule_hold_where_it_left_nothing_out():
    assert fingerprint(with_a_table(16384)) == older_fingerprint(with_a_table(16384))
    model, changed = with_a_table(8191), with_a_table(8191)
    changed.table.data[4096:] = 0.0
    assert older_fingerprint(model) == older_fingerprint(changed)  # why there is another rule
    assert fingerprint(model) != older_fingerprint(model)


def test_a_vector_with_the_older_mark_of_these_weights_is_refused_in_words():
    model = with_a_table(8191)
    older = replace(vector(model), fingerprint=older_fingerprint(model))
    with pytest.raises(SteeringError, match=r"left out the end of some weights.*calibrate it again"):
        older.check(model)
    with pytest.raises(SteeringError, match="another model or revision"):
        replace(older, fingerprint="0" * 64).check(model)


def test_a_file_gives_back_what_was_saved(tmp_path):
    model = tiny()
    dial = {"r_min": -1.5, "r_max": 2.0, "fits": {"a": 0.1}}
    saved = vector(model, (0, 2), method="pca", pairs_hash="abc", dial=dial)
    saved.save(tmp_path / "v.safetensors")
    loaded = SteeringVector.load(tmp_path / "v.safetensors")
    loaded.check(model)
    assert (loaded.layers, loaded.method, loaded.pairs_hash, loaded.dial) == ([0, 2], "pca", "abc", dial)
    assert loaded.stops == (-1.5, 2.0)
    assert all(torch.equal(loaded.directions[n], saved.directions[n]) for n in (0, 2))


def test_files_that_are_no_vectors(tmp_path):
    with pytest.raises(SteeringError, match="cannot be read"):
        SteeringVector.load(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(SteeringError, match="cannot be read"):
        SteeringVector.load(tmp_path / "text.safetensors")
    save_file({"direction.1": torch.ones(4)}, tmp_path / "other.safetensors")
    with pytest.raises(SteeringError, match="no steering vector of this kind"):
        SteeringVector.load(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("directions", "words"),
    [
        ({}, "at least one layer"),
        ({0: torch.tensor([1.0, float("nan")])}, "not all values are numbers"),
        ({0: torch.zeros(3)}, "not all zero"),
        ({0: torch.ones(3), 1: torch.ones(4)}, "same width"),
    ],
)
def test_bad_directions(directions, words):
    with pytest.raises(SteeringError, match=words):
        SteeringVector("x", directions, "m", "f")


def test_gguf_in_the_common_layout(tmp_path, monkeypatch):
    model = tiny()
    with monkeypatch.context() as lacking:
        lacking.setitem(sys.modules, "gguf", None)
        with pytest.raises(SteeringError, match=r"pip install -e '\.\[steering\]'"):
            vector(model).export_gguf(tmp_path / "v.gguf", model)
    gguf = pytest.importorskip("gguf", reason="the extra `steering` is not installed")
    with pytest.raises(SteeringError, match="layer 0 cannot be exported"):
        vector(model, (0,)).export_gguf(tmp_path / "v.gguf", model)
    saved = vector(model, (1, 2))
    saved.export_gguf(tmp_path / "v.gguf", model)
    tensors = {one.name: torch.tensor(one.data) for one in gguf.GGUFReader(tmp_path / "v.gguf").tensors}
    assert set(tensors) == {"direction.1", "direction.2"}
    assert torch.equal(tensors["direction.2"], saved.directions[2])
