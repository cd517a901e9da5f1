"""Injection: exact per request, invisible at 0, gone when removed; in five families of models."""

from __future__ import annotations

import pytest
import torch

from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.injection import Injection
from tests.feedback.steering_models import CONFIGS, Planted, tiny, vector

PROMPTS = [[3, 5, 7], [9, 11, 13, 15, 17, 19, 20], [3, 5, 7, 33], [8] * 5]
STRENGTHS = [20.0, -20.0, 0.0, -9.0]


def batch(prompts):
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


def generate(model, prompts, **options):
    given = batch(prompts)
    output = model.generate(**given, max_new_tokens=6, do_sample=False, **options)
    return output[:, given["input_ids"].shape[1] :].tolist()


@pytest.mark.parametrize("family", CONFIGS)
def test_mixed_strengths_in_one_padded_batch_equal_one_by_one(family):
    model = tiny(family)
    untouched = generate(model, PROMPTS)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    injection = Injection(model, {"x": vector(model, (0, 1, 2))}, rows=8, unbounded=True)
    assert generate(model, PROMPTS) == untouched  # installed, strength 0
    alone = []
    for prompt, strength in zip(PROMPTS, STRENGTHS, strict=True):
        with injection.steered({"x": strength}):
            alone += generate(model, [prompt])
    with injection.steered([{"x": strength} for strength in STRENGTHS]):
        assert generate(model, PROMPTS) == alone
        assert generate(model, PROMPTS, use_cache=False) == alone
        assert generate(model, PROMPTS, cache_implementation="static") == alone
    assert alone[2] == untouched[2]
    assert [one != other for one, other in zip(alone, untouched, strict=True)].count(True) >= 2
    injection.remove()
    assert generate(model, PROMPTS) == untouched
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not any(block._forward_hooks for block in model.modules())


def test_every_token_is_moved_by_exactly_the_strength():
    model, seen = tiny(), {}
    steering = vector(model, layers=(1,))
    model.model.layers[2].register_forward_pre_hook(lambda block, inputs: seen.__setitem__("in", inputs[0]))
    given = batch(PROMPTS[:1])
    model(**given)
    before = seen["in"]
    injection = Injection(model, {"x": steering}, unbounded=True)
    with injection.steered({"x": 2.5}):
        model(**given)
    unit = steering.directions[1] / steering.directions[1].norm()
    torch.testing.assert_close(seen["in"] - before, (2.5 * unit).expand_as(before), atol=1e-5, rtol=0)


def test_several_vectors_add_up():
    model = tiny()
    one, two = vector(model, (0, 1), seed=1), vector(model, (1, 2), seed=2)
    given = batch(PROMPTS[:2])
    both = Injection(model, {"one": one, "two": two}, unbounded=True)
    with both.steered([{"one": 2.0, "two": -1.0}, {"two": 3.0}]):
        together = model(**given).logits
    with both.steered([{"one": 2.0}, {"two": 3.0}]):
        assert not torch.allclose(model(**given).logits[0], together[0], atol=1e-3)
    both.remove()
    single = Injection(model, {"two": two}, unbounded=True)
    with single.steered({"two": 3.0}):
        torch.testing.assert_close(model(**given).logits[1], together[1])


def check_compiled(model, given):
    injection = Injection(model, {"x": vector(model)}, rows=4, unbounded=True)
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    with torch.no_grad(), torch._dynamo.config.patch(error_on_recompile=True):
        for strengths in ([{"x": 2.0}, {"x": -1.0}], {"x": 0.5}, {}):
            injection.set(strengths)
            torch.testing.assert_close(compiled(**given).logits, model(**given).logits)
    with pytest.raises(SteeringError, match="compiled already"):
        Injection(compiled, {"x": vector(model)}, unbounded=True)


def test_changing_strengths_compiles_nothing_again():
    check_compiled(Planted(), {"input_ids": torch.tensor([[3, 5], [50, 60]])})


@pytest.mark.slow
def test_changing_strengths_compiles_no_llama_again():
    check_compiled(tiny(layers=2), {**batch(PROMPTS[:2]), "use_cache": False})


def test_wrong_numbers_of_rows():
    model = tiny()
    injection = Injection(model, {"x": vector(model)}, rows=3, unbounded=True)
    with pytest.raises(SteeringError, match="takes 1 to 3 rows"):
        injection.set([{}] * 4)
    with pytest.raises(SteeringError, match="batch of 4: this injection takes 3"):
        model(**batch(PROMPTS))
    injection.set([{"x": 1.0}] * 2)
    with pytest.raises(SteeringError, match="3 rows, but strengths were set for 2"):
        model(**batch(PROMPTS[:3]))


@pytest.mark.parametrize(
    ("strengths", "words"),
    [({"x": float("nan")}, "not a number"), ({"y": 1.0}, "no vector y"), ({"x": 2.5}, "beyond the dial")],
)
def test_bad_strengths_change_nothing(strengths, words):
    model = tiny()
    injection = Injection(model, {"x": vector(model, dial={"r_min": -1.0, "r_max": 2.0})})
    injection.set({"x": 2.0})
    before = model(**batch(PROMPTS)).logits
    with pytest.raises(SteeringError, match=words):
        injection.set([strengths] * 4)
    assert torch.equal(model(**batch(PROMPTS)).logits, before)


def test_what_is_refused_at_installation():
    model = tiny()
    with pytest.raises(SteeringError, match="not calibrated"):
        Injection(model, {"x": vector(model)})
    with pytest.raises(SteeringError, match="unknown layer"):
        Injection(model, {"x": vector(model, layers=(3,))}, unbounded=True)
    with pytest.raises(SteeringError, match="wrong hidden size"):
        Injection(model, {"x": vector(tiny(width=16))}, unbounded=True)
    with pytest.raises(SteeringError, match="another model or revision"):
        Injection(model, {"x": vector(tiny(seed=1))}, unbounded=True)
    assert not any(block._forward_hooks for block in model.modules())
    Injection(model, {"x": vector(model)}, unbounded=True)
    with pytest.raises(SteeringError, match="installed already"):
        Injection(model, {"x": vector(model)}, unbounded=True)
