"""Llama- and Mistral-shaped models as transformers saves them: the merged folder loads and behaves."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from feedback.coach.merging.catalog import METHODS
from tests.feedback.merging_models import family, loaded, recipe, result
from tests.feedback.tiny_model import save_tiny_model

IDS = torch.arange(6)[None]


@pytest.mark.parametrize("kind", ["llama", "mistral"])
@pytest.mark.parametrize("method", METHODS)
def test_the_output_loads(tmp_path, kind, method):
    base, experts = family(tmp_path, kind, dtype=torch.bfloat16)
    result(tmp_path / "out", recipe(method, base, experts))
    model, info = AutoModelForCausalLM.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert model.config.model_type == kind
    assert model.dtype == torch.bfloat16
    with torch.inference_mode():
        assert torch.isfinite(model(IDS).logits).all()


def test_the_mean_of_one_expert_is_the_expert(tmp_path):
    base, experts = family(tmp_path, "llama", experts=1)
    result(tmp_path / "out", recipe("average", base, experts))
    one, two = (AutoModelForCausalLM.from_pretrained(path) for path in (experts[0], tmp_path / "out"))
    with torch.inference_mode():
        assert torch.equal(one(IDS).logits, two(IDS).logits)


def test_tied_embeddings_stay_tied(tmp_path):
    base, experts = family(tmp_path, "llama", tie_word_embeddings=True)
    result(tmp_path / "out", recipe("ties", base, experts))
    assert "lm_head.weight" not in loaded(tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()


def test_shards_have_an_index(tmp_path):
    base, experts = family(tmp_path, "mistral")
    result(tmp_path / "one", recipe("task_arithmetic", base, experts))
    result(tmp_path / "many", recipe("task_arithmetic", base, experts), shard_bytes=4000)
    assert len(list((tmp_path / "many").glob("model-*.safetensors"))) > 2
    one, many = (AutoModelForCausalLM.from_pretrained(tmp_path / name) for name in ("one", "many"))
    for first, second in zip(one.parameters(), many.parameters(), strict=True):
        assert torch.equal(first, second)


def test_another_type_is_written_and_said_in_the_config(tmp_path):
    base, experts = family(tmp_path, "llama")
    result(tmp_path / "out", recipe("average", base, experts, out_dtype="bfloat16"))
    assert {one.dtype for one in loaded(tmp_path / "out").values()} == {torch.bfloat16}
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "out").dtype == torch.bfloat16


def test_the_tokenizer_comes_along_and_the_manifest_says_all(tmp_path):
    base = save_tiny_model(tmp_path / "base", chat=True)
    expert = save_tiny_model(tmp_path / "expert", chat=True)
    found = result(tmp_path / "out", recipe("rtsvm", base, [expert, expert])).manifest
    assert found["warnings"] == []
    one, two = (AutoTokenizer.from_pretrained(path) for path in (base, tmp_path / "out"))
    assert one.get_vocab() == two.get_vocab()
    assert one.chat_template == two.chat_template
    written = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert written == found
    assert set(written["inputs"]) == {"base: base", "expert 1: expert", "expert 2: expert"}
    assert len(written["inputs"]["base: base"]["model.safetensors"]) == 64
    assert str(tmp_path) not in json.dumps(written)
    page = (tmp_path / "out" / "README.md").read_text()
    assert "our formulation" in page
    assert "Nothing here was measured" in page or "nothing here was measured" in page


def test_experts_may_bring_the_chat_template_that_a_base_lacks(tmp_path):
    base = save_tiny_model(tmp_path / "base")
    expert = save_tiny_model(tmp_path / "expert", chat=True)
    result(tmp_path / "out", recipe("average", base, [expert]))
    assert AutoTokenizer.from_pretrained(tmp_path / "out").chat_template
