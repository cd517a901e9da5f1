"""Inputs that do not fit are refused with what to do, and leave nothing behind."""

from __future__ import annotations

import json
import pickle

import pytest
import torch

from feedback.coach.merging.errors import MergeError
from tests.feedback.merging_models import base_state, expert_state, merged, recipe, save
from tests.feedback.tiny_model import save_tiny_model

EMBED, UP = "model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight"


@pytest.fixture
def models(tmp_path):
    base = base_state()
    return base, save(tmp_path / "base", base)


def refused(tmp_path, base, expert, words, method="task_arithmetic", **fields):
    with pytest.raises(MergeError, match=words):
        merged(tmp_path / "out", recipe(method, base, [expert], **fields))
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.partial").exists()


@pytest.mark.parametrize("method", ["average", "ties", "dare", "tsvm", "rtsvm", "breadcrumbs"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_no_number(tmp_path, models, method, bad):
    state = expert_state(models[0], 1)
    state[UP][-1, -1] = bad
    refused(tmp_path, models[1], save(tmp_path / "expert", state), f"expert: {UP} holds NaN or inf", method)


def test_no_number_in_the_base(tmp_path, models):
    base, expert = models[0], save(tmp_path / "expert", expert_state(models[0], 1))
    base[UP][0, 0] = float("nan")
    refused(tmp_path, save(tmp_path / "bad", base), expert, "the base bad: .* holds NaN")


def test_other_shapes_names_and_origins(tmp_path, models):
    state = expert_state(models[0], 1)
    wide = {**state, EMBED: torch.randn(30, 16)}
    refused(tmp_path, models[1], save(tmp_path / "e1", wide), "another vocabulary: 30 rows .* base has 24")
    thick = {**state, UP: torch.randn(21, 16)}
    refused(tmp_path, models[1], save(tmp_path / "e2", thick), "comes from another base")
    less = {name: one for name, one in state.items() if name != UP}
    refused(tmp_path, models[1], save(tmp_path / "e3", less), "lacks 1 tensors")
    more = {**state, "model.layers.1.mlp.up_proj.weight": state[UP].clone()}
    refused(tmp_path, models[1], save(tmp_path / "e4", more), "the base has not, 1 tensors")
    strange = base_state(seed=9)
    refused(tmp_path, models[1], save(tmp_path / "e5", strange), "shapes but not its origin")
    other = save(tmp_path / "e6", state, model_type="qwen2")
    refused(tmp_path, models[1], other, "is a qwen2 and the base a llama")


def test_ties_of_the_embedding(tmp_path, models):
    state = expert_state(models[0], 1)
    untied = save(tmp_path / "e1", state, tie_word_embeddings=True)
    refused(tmp_path, models[1], untied, "stores two different tensors")
    tied = save(tmp_path / "e2", {name: one for name, one in state.items() if name != "lm_head.weight"})
    refused(tmp_path, models[1], tied, "the other way round")
    # Stored twice and equal is as good as stored once.
    base = {**models[0], "lm_head.weight": models[0][EMBED].clone()}
    one = save(tmp_path / "b2", base, tie_word_embeddings=True)
    both = {**state, "lm_head.weight": state[EMBED].clone()}
    two = save(tmp_path / "e3", both, tie_word_embeddings=True)
    once = save(tmp_path / "e4", {name: x for name, x in both.items() if name != "lm_head.weight"})
    found = merged(tmp_path / "out", recipe("average", one, [two, once]))
    assert "lm_head.weight" not in found


def test_pickles_are_never_read(tmp_path, models):
    folder = tmp_path / "expert"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    marker = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    refused(tmp_path, models[1], folder, "pytorch_model.bin is a pickle file")
    assert not marker.exists()


def test_damaged_folders(tmp_path, models):
    state = expert_state(models[0], 1)
    lost = save(tmp_path / "e1", state, shards=3)
    (lost / "model-00002-of-00003.safetensors").unlink()
    refused(tmp_path, models[1], lost, "the shard model-00002-of-00003.safetensors is missing")
    cut = save(tmp_path / "e2", state)
    raw = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(raw[:-40])
    refused(tmp_path, models[1], cut, "damaged or cut short")
    indexless = save(tmp_path / "e3", state, shards=2)
    (indexless / "model.safetensors.index.json").rename(tmp_path / "index")
    refused(tmp_path, models[1], indexless, "index.json is missing")
    mapped = json.loads((tmp_path / "index").read_text())["weight_map"]
    for change, words in (
        ({**mapped, "more": "model-00001-of-00002.safetensors"}, "names more"),
        ({**mapped, UP: "../base/model.safetensors"}, "outside of the folder"),
        ({}, "no weight_map"),
    ):
        (indexless / "model.safetensors.index.json").write_text(json.dumps({"weight_map": change}))
        refused(tmp_path, models[1], indexless, words)
    (tmp_path / "empty").mkdir()
    refused(tmp_path, models[1], tmp_path / "empty", "has no model.safetensors")
    refused(tmp_path, models[1], tmp_path / "nowhere", "hub names are not looked up")
    bare = save(tmp_path / "e4", state)
    (bare / "config.json").write_text("{")
    refused(tmp_path, models[1], bare, "config.json is missing or cannot be read")


def test_models_that_are_more_than_weights(tmp_path, models):
    state = expert_state(models[0], 1)
    refused(tmp_path, models[1], save(tmp_path / "e1", state, auto_map={"AutoModel": "x.Y"}), "never run")
    eight = save(tmp_path / "e2", state, quantization_config={"bits": 8})
    refused(tmp_path, models[1], eight, "quantised")
    small = save(tmp_path / "e3", {**state, UP: state[UP].to(torch.float8_e4m3fn)})
    refused(tmp_path, models[1], small, "quantised .F8_E4M3")
    lora = tmp_path / "e4"
    lora.mkdir()
    (lora / "adapter_config.json").write_text("{}")
    refused(tmp_path, models[1], lora, "set adapter = true")


def test_whole_numbers_and_computed_tables(tmp_path):
    table = {
        "model.layers.0.rotary_emb.inv_freq": torch.ones(4),
        "steps": torch.arange(3),
        "count": torch.tensor(5),
        "none": torch.empty(0, 4),
    }
    base = base_state()
    folder = save(tmp_path / "base", {**base, **table})
    state = {**expert_state(base, 1), **{name: table[name].clone() for name in ("steps", "count", "none")}}
    found = merged(tmp_path / "out", recipe("dare", folder, [save(tmp_path / "e1", state)]))
    assert all(torch.equal(found[name], one) for name, one in table.items())
    (tmp_path / "out").rename(tmp_path / "before")
    other = save(tmp_path / "e2", {**state, "steps": torch.arange(1, 4)})
    refused(tmp_path, folder, other, "whole numbers other than the base's")


def test_tokenizers_and_chat_templates(tmp_path):
    base = save_tiny_model(tmp_path / "base", chat=True)
    other = save_tiny_model(tmp_path / "e1", chat=True)
    path = other / "tokenizer.json"
    table = json.loads(path.read_text())
    table["truncation"] = None
    path.write_text(json.dumps(table, indent=4))  # laid out otherwise, the same tokenizer
    merged(tmp_path / "fine", recipe("average", base, [other]))
    words = table["model"]["vocab"]
    words["work"], words["hard"] = words["hard"], words["work"]
    path.write_text(json.dumps(table))
    refused(tmp_path, base, other, "another tokenizer")
    path.write_text("[]")
    refused(tmp_path, base, other, "tokenizer.json is damaged")
    spoken = save_tiny_model(tmp_path / "e2", chat=True)
    (spoken / "chat_template.jinja").write_text("{{ messages }}")
    refused(tmp_path, base, spoken, "another chat template")


def test_numbers_too_large_for_the_type(tmp_path, models):
    state = {name: one + 0 for name, one in models[0].items()}
    state["model.norm.weight"][0] = 1e5
    expert = save(tmp_path / "expert", state)
    refused(tmp_path, models[1], expert, "do not fit float16", "average", out_dtype="float16")


def test_a_group_for_nothing(tmp_path, models):
    expert = save(tmp_path / "expert", expert_state(models[0], 1))
    groups = {"*.mpl.*": {"lambda": 1.0}}
    refused(tmp_path, models[1], expert, "no tensor is called '\\*.mpl.\\*'", groups=groups)


def test_there_is_no_gpu(tmp_path, models, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    wanted = recipe("average", models[1], [models[1]])
    for device, words in (("cuda", "there is no GPU"), ("warp", "unknown device")):
        with pytest.raises(MergeError, match=words):
            merged(tmp_path / "out", wanted, device=device)


def test_an_output_that_is_there_is_not_touched(tmp_path, models):
    expert = save(tmp_path / "expert", expert_state(models[0], 1))
    (tmp_path / "out").mkdir()
    merged(tmp_path / "out", recipe("average", models[1], [expert]))  # an empty folder will do
    before = (tmp_path / "out" / "model.safetensors").stat().st_mtime_ns
    with pytest.raises(MergeError, match="exists already"):
        merged(tmp_path / "out", recipe("ties", models[1], [expert]))
    assert (tmp_path / "out" / "model.safetensors").stat().st_mtime_ns == before


def test_a_model_without_tokenizer_merges_with_a_warning(tmp_path, models):
    from feedback.coach.merging.engine import merge

    expert = save(tmp_path / "expert", expert_state(models[0], 1))
    found = merge(recipe("average", models[1], [expert]), tmp_path / "out")
    assert found.manifest["warnings"] == ["the base has no tokenizer files: the output will have none"]
