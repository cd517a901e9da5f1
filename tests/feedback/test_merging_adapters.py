"""LoRA experts: the base plus B·A times the adapter's scale, and what is refused."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from feedback.coach.merging.errors import MergeError
from feedback.coach.merging.recipe import Expert, Recipe
from tests.feedback.merging_models import base_state, expert_state, merged, save

UP, DOWN = "model.layers.0.mlp.up_proj", "model.layers.0.mlp.down_proj"


def adapter(folder, tensors, **config):
    folder.mkdir()
    said = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["up_proj"]} | config
    (folder / "adapter_config.json").write_text(json.dumps(said))
    save_file(
        {f"base_model.model.{name}": one for name, one in tensors.items()},
        folder / "adapter_model.safetensors",
    )
    return folder


def low(module, shape, rank=4, embedding=False):
    parts = ("lora_embedding_A", "lora_embedding_B") if embedding else ("lora_A.weight", "lora_B.weight")
    rows, columns = shape[::-1] if embedding else shape
    return {
        f"{module}.{parts[0]}": torch.randn(rank, columns, dtype=torch.float64),
        f"{module}.{parts[1]}": torch.randn(rows, rank, dtype=torch.float64),
    }


@pytest.fixture
def base(tmp_path):
    state = base_state(dtype=torch.float64)
    return save(tmp_path / "base", state), state


def added(tmp_path, base, folder, method="task_arithmetic", **fields):
    fields = {"parameters": {"lambda": 1.0}} | fields
    wanted = Recipe(method, base, (Expert(folder, adapter=True),), dtype="float64", **fields)
    return merged(tmp_path / "out", wanted)


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, 2.0),
        ({"use_rslora": True}, 4.0),
        ({"alpha_pattern": {"up_proj": 2}}, 0.5),
        ({"alpha_pattern": {"down_proj": 2}}, 2.0),
    ],
)
def test_the_product_is_added(tmp_path, base, config, scale):
    path, state = base
    parts = low(UP, (20, 16))
    found = added(tmp_path, path, adapter(tmp_path / "lora", parts, **config))
    a, b = parts.values()
    expected = state | {f"{UP}.weight": state[f"{UP}.weight"] + scale * b @ a}
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        torch.testing.assert_close(found[name], one, rtol=0, atol=1e-12)


def test_embeddings_and_parts_trained_in_full(tmp_path, base):
    path, state = base
    parts = low("model.embed_tokens", (24, 16), embedding=True)
    full = {
        "lm_head.weight": state["lm_head.weight"] + 1,
        "model.norm.weight": state["model.norm.weight"] - 1,
    }
    found = added(
        tmp_path, path, adapter(tmp_path / "lora", {**parts, **full}), method="average", parameters={}
    )
    a, b = parts.values()
    torch.testing.assert_close(
        found["model.embed_tokens.weight"], state["model.embed_tokens.weight"] + 2 * (b @ a).T
    )
    torch.testing.assert_close(found["lm_head.weight"], full["lm_head.weight"])
    torch.testing.assert_close(found["model.norm.weight"], full["model.norm.weight"])


def test_a_transposed_layer(tmp_path, base):
    path, state = base
    parts = low(UP, (16, 20))
    found = added(tmp_path, path, adapter(tmp_path / "lora", parts, fan_in_fan_out=True))
    a, b = parts.values()
    torch.testing.assert_close(found[f"{UP}.weight"], state[f"{UP}.weight"] + 2 * (b @ a).T)


@pytest.mark.parametrize("method", ["ties", "rtsvm", "della"])
def test_an_adapter_and_a_full_fine_tune_merge_together(tmp_path, base, method):
    path, state = base
    full = save(tmp_path / "full", expert_state(state, 5))
    parts = low(DOWN, (16, 20))
    lora = adapter(tmp_path / "lora", parts)
    a, b = parts.values()
    written = save(tmp_path / "written", state | {f"{DOWN}.weight": state[f"{DOWN}.weight"] + 2 * b @ a})
    one = Recipe(method, path, (Expert(full), Expert(lora, adapter=True)), dtype="float64")
    two = Recipe(method, path, (Expert(full), Expert(written)), dtype="float64")
    first, second = merged(tmp_path / "one", one), merged(tmp_path / "two", two)
    for name in first:
        torch.testing.assert_close(first[name], second[name], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("tensors", "config", "words"),
    [
        (low(UP, (20, 16)), {"peft_type": "IA3"}, "only LoRA"),
        (low(UP, (20, 16)), {"use_dora": True}, "use_dora"),
        (low(UP, (21, 16)), {}, "another model"),
        (low("model.layers.7.mlp.up_proj", (20, 16)), {}, "another model"),
        (dict([next(iter(low(UP, (20, 16)).items()))]), {}, "one half"),
        ({"model.norm.weight": torch.ones(3)}, {}, "another shape"),
        ({name: one * float("nan") for name, one in low(UP, (20, 16)).items()}, {}, "NaN"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, base, tensors, config, words):
    with pytest.raises(MergeError, match=words):
        added(tmp_path, base[0], adapter(tmp_path / "lora", tensors, **config))
    assert not (tmp_path / "out").exists()


def test_pickled_and_missing_adapters(tmp_path, base):
    folder = adapter(tmp_path / "lora", low(UP, (20, 16)))
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(MergeError, match="pickle"):
        added(tmp_path, base[0], folder)
    (folder / "adapter_model.bin").unlink()
    with pytest.raises(MergeError, match="missing"):
        added(tmp_path, base[0], folder)
    with pytest.raises(MergeError, match="no folder"):
        added(tmp_path, base[0], tmp_path / "nowhere")
