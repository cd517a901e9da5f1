"""The same bits whatever the order of tensors, the threads, and how inputs and output are cut into shards."""

from __future__ import annotations

import pytest
import torch

from feedback.coach.merging import stacks
from feedback.coach.merging.catalog import METHODS
from tests.feedback.merging_models import base_state, expert_state, merged, recipe, save, threads

SPECTRAL = ("tsvm", "rtsvm")


def models(folder, order, shards, dtype=torch.bfloat16):
    base = base_state(dtype=dtype)
    states = [expert_state(base, seed) for seed in (1, 2, 3)]
    folders = [
        save(folder / f"e{number}", {name: state[name] for name in order(state)}, shards)
        for number, state in enumerate(states)
    ]
    return save(folder / "base", {name: base[name] for name in order(base)}, shards), folders


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


RULES = [(name, "paper") for name in METHODS]
RULES += [(name, "mergekit") for name, method in METHODS.items() if method.in_mergekit]


@pytest.mark.parametrize(("method", "rule"), RULES)
def test_bitwise(tmp_path, monkeypatch, method, rule):
    with threads(1):
        first = merged(tmp_path / "a", recipe(method, *models(tmp_path / "one", list, 1), rule=rule))
    again = recipe(method, *models(tmp_path / "two", lambda state: sorted(state, reverse=True), 3), rule=rule)
    with threads(1):
        assert same(first, merged(tmp_path / "b", again, shard_bytes=1500))
    if method in SPECTRAL:
        return
    monkeypatch.setattr(stacks, "PIECE", 64)  # a few rows at a time
    with threads(3):
        assert same(first, merged(tmp_path / "c", again))


def test_the_seed_decides_what_is_dropped(tmp_path):
    inputs = models(tmp_path, list, 1)
    zero, one = (merged(tmp_path / f"s{seed}", recipe("dare", *inputs, seed=seed)) for seed in (0, 1))
    assert not same(zero, one)


def test_equal_entries_of_bfloat16_experts_keep_the_stated_share(tmp_path):
    """Half is asked for. By the paper all that tie at the threshold are kept, by mergekit exactly half."""
    base = {"w.weight": torch.zeros(64, 64, dtype=torch.bfloat16)}
    base["w.weight"] += 1
    expert = {"w.weight": (1 + 0.02 * torch.randn(64, 64)).bfloat16()}
    folders = save(tmp_path / "base", base), [save(tmp_path / "expert", expert)]
    kept = {}
    for rule in ("paper", "mergekit"):
        wanted = recipe("ties", *folders, rule=rule, parameters={"density": 0.5}, out_dtype="float32")
        kept[rule] = int((merged(tmp_path / rule, wanted)["w.weight"] != 1).sum())
    assert kept["mergekit"] == 2048
    assert kept["paper"] > 2048
