"""The bootstrap draws prompts whole."""

from __future__ import annotations

import torch

from feedback.coach.steering.resampling import Prompts, draws
from tests.feedback import steering_models as toy


def _draws(*kinds, count=500):
    names = [tuple(str(one) for one in kind) for kind in kinds]
    return draws(Prompts(*(names + [names[0]] * (3 - len(names)))), count, torch.Generator().manual_seed(5))


def test_items_of_one_prompt_are_drawn_together():
    found = _draws("aabccc")["alignment"]
    assert torch.equal(found[:, 0], found[:, 1])
    assert torch.equal(found[:, 3], found[:, 5])
    assert not torch.equal(found[:, 0], found[:, 2])
    assert torch.allclose(found.sum(1), torch.ones(500, dtype=torch.float64))


def test_a_prompt_is_drawn_for_all_that_was_measured_on_it():
    found = _draws("abcd", "abcdefgh", "dcba")
    assert torch.equal(found["alignment"], found["replies"].flip(1))
    times = found["alignment"] * 4  # of four prompts
    assert torch.allclose(found["helpfulness"][:, :4] * 8, times)
    assert all((value.sum(1) - 1).abs().max() < 1e-12 for value in found.values())  # none is ever without


def test_four_wordings_of_a_prompt_are_no_four_witnesses():
    values = torch.randn(10, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    once = (_draws(range(10), count=4000)["alignment"] @ values).std()
    doubled = values.repeat_interleave(4)
    together = (_draws([n // 4 for n in range(40)], count=4000)["alignment"] @ doubled).std()
    apart = (_draws(range(40), count=4000)["alignment"] @ doubled).std()
    assert torch.isclose(together, once)
    assert apart < 0.6 * together


def test_prompts_of_a_behaviour():
    behaviour = toy.planted_behaviour()
    found = Prompts.of(behaviour, 20)
    assert found.alignment == tuple(pair.prompt for pair in behaviour.held_out)
    assert found.helpfulness == tuple(item.prompt for item in behaviour.references)
    assert len(found.replies) == 20 and set(found.replies) <= set(found.alignment)
