"""The bootstrap draws prompts whole."""

from __future__ import annotations

import torch

from feedback.coach.steering.resampling import Prompts, weights
from tests.feedback import steering_models as toy


def _generator():
    return torch.Generator().manual_seed(5)


def test_items_of_one_prompt_are_drawn_together():
    found = weights(["a", "a", "b", "c", "c", "c"], 500, _generator())
    assert torch.equal(found[:, 0], found[:, 1])
    assert torch.equal(found[:, 3], found[:, 5])
    assert not torch.equal(found[:, 0], found[:, 2])
    assert torch.allclose(found.sum(1), torch.ones(500, dtype=torch.float64))


def test_four_wordings_of_a_prompt_are_no_four_witnesses():
    values = torch.randn(10, generator=_generator(), dtype=torch.float64)
    once = (weights(range(10), 4000, _generator()) @ values).std()
    doubled = values.repeat_interleave(4)
    together = (weights([n // 4 for n in range(40)], 4000, _generator()) @ doubled).std()
    apart = (weights(range(40), 4000, _generator()) @ doubled).std()
    assert torch.isclose(together, once)
    assert apart < 0.6 * together


def test_prompts_of_a_behaviour():
    behaviour = toy.planted_behaviour()
    found = Prompts.of(behaviour, 20)
    assert found.alignment == tuple(pair.prompt for pair in behaviour.held_out)
    assert found.helpfulness == tuple(item.prompt for item in behaviour.references)
    assert len(found.replies) == 20 and set(found.replies) <= set(found.alignment)
