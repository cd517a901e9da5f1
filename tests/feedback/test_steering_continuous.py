"""Continuous batching: requests that run packed together are answered as if each ran alone."""

from __future__ import annotations

import pytest
from transformers import GenerationConfig

from feedback.coach.steering.continuous import ContinuousSteering
from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.injection import Injection
from tests.feedback.steering_models import tiny, vector
from tests.feedback.test_steering_injection import PROMPTS, STRENGTHS, generate

GREEDY = GenerationConfig(max_new_tokens=6, do_sample=False, eos_token_id=-1, pad_token_id=0)
ROOM = {"tokens": 32, "num_blocks": 16, "page_size": 32}


def test_packed_requests_with_own_strengths_equal_one_by_one():
    model = tiny()
    injection = Injection(model, {"x": vector(model)}, rows=5, unbounded=True)
    alone = []
    for prompt, strength in zip(PROMPTS, STRENGTHS, strict=True):
        with injection.steered({"x": strength}):
            alone += generate(model, [prompt])
    # The last two share a prefix with the first ones: blocks must not be shared.
    work = [*zip(PROMPTS, STRENGTHS, strict=True), (PROMPTS[0], STRENGTHS[0]), (PROMPTS[0], 0.0)]
    unsteered = generate(model, [PROMPTS[0]])[0]
    with ContinuousSteering(model, injection, GREEDY, **ROOM) as steering:
        names = [steering.add(prompt, {"x": strength}) for prompt, strength in work]
        answers = [steering.result(name) for name in names]
    assert answers == [*alone, alone[0], unsteered]
    assert unsteered != alone[0]
    # Afterwards the model generates as before, steered and not.
    assert generate(model, [PROMPTS[0]])[0] == unsteered
    with injection.steered({"x": STRENGTHS[0]}):
        assert generate(model, [PROMPTS[0]])[0] == alone[0]


def test_rows_are_given_back_and_too_many_strengths_are_refused():
    model = tiny(layers=2)
    injection = Injection(model, {"x": vector(model)}, rows=3, unbounded=True)
    with ContinuousSteering(model, injection, GREEDY, **ROOM) as steering:
        first = [steering.add(PROMPTS[0], {"x": strength}) for strength in (1.0, 2.0)]
        with pytest.raises(SteeringError, match="more than 2 different strengths"):
            steering.add(PROMPTS[0], {"x": 3.0})
        for name in first:
            steering.result(name)
        assert len(steering.result(steering.add(PROMPTS[0], {"x": 3.0}))) == 6


def test_a_result_that_was_not_there_in_time_can_be_asked_for_again():
    model = tiny()
    injection = Injection(model, {"x": vector(model)}, rows=3, unbounded=True)
    with injection.steered({"x": 2.0}):
        alone = generate(model, [PROMPTS[0]])[0]
    with ContinuousSteering(model, injection, GREEDY, **ROOM) as steering:
        name = steering.add(PROMPTS[0], {"x": 2.0})
        with pytest.raises(SteeringError, match="no answer in time"):
            steering.result(name, timeout=0.0)
        assert steering.result(name) == alone
        with pytest.raises(SteeringError, match="its result was taken"):
            steering.result(name)


def test_results_may_be_asked_for_in_another_order_than_they_come():
    model = tiny(layers=2)
    injection = Injection(model, {"x": vector(model)}, unbounded=True)
    with ContinuousSteering(model, injection, GREEDY, **ROOM) as steering:
        first, second = (steering.add(PROMPTS[0], {"x": 1.0}, max_new_tokens=count) for count in (2, 6))
        lengths = [len(steering.result(name)) for name in (second, first)]
    assert lengths == [6, 2]


def test_sharing_blocks_is_refused():
    model = tiny(layers=2)
    injection = Injection(model, {"x": vector(model)}, unbounded=True)
    with pytest.raises(SteeringError, match="allow_block_sharing"):
        ContinuousSteering(model, injection, GREEDY, allow_block_sharing=True)
