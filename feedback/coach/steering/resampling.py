"""The bootstrap of a calibration: prompts are drawn, and with each all that was measured on it.

A held-out prompt has several pairs and several free replies, which rise and fall together; drawn one by one
they would look like as many witnesses (Cameron, Gelbach and Miller 2008, doi 10.1162/rest.90.3.414, on
bootstraps of clusters).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from feedback.coach.steering.pairs import Behaviour


@dataclass(frozen=True)
class Prompts:
    """The prompt of each item behind a mean: of the behaviour, of helpfulness, of the free replies."""

    alignment: tuple[str, ...]
    helpfulness: tuple[str, ...]
    replies: tuple[str, ...]

    @classmethod
    def of(cls, behaviour: Behaviour, replies: int) -> Prompts:
        """Free replies go round the held-out prompts; a behaviour scored by length is scored on them."""
        held = [pair.prompt for pair in behaviour.held_out]
        seen = list(dict.fromkeys(held))
        free = tuple(seen[n % len(seen)] for n in range(replies))
        return cls(
            alignment=tuple(held) if behaviour.scored_by == "pairs" else free,
            helpfulness=tuple(item.prompt for item in behaviour.references),
            replies=free,
        )

    def counts(self) -> dict[str, int]:
        return {name: len(set(value)) for name, value in vars(self).items()}


def weights(prompts: Sequence[Any], count: int, generator: torch.Generator) -> torch.Tensor:
    """[count, items] in float64, each row summing to 1: a resampled mean is `weights @ items`."""
    numbers = {prompt: number for number, prompt in enumerate(dict.fromkeys(prompts))}
    place = torch.tensor([numbers[prompt] for prompt in prompts])
    picks = torch.randint(len(numbers), (count, len(numbers)), generator=generator)
    times = torch.zeros(count, len(numbers), dtype=torch.float64)
    times.scatter_add_(1, picks, torch.ones_like(picks, dtype=torch.float64))
    found = times[:, place]
    return found / found.sum(1, keepdim=True)
