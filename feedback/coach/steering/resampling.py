"""The bootstrap of a calibration: prompts are drawn, and with each all that was measured on it.

A held-out prompt has several pairs and several free replies, which rise and fall together; drawn one by one
they would look like as many witnesses (Cameron, Gelbach and Miller 2008, doi 10.1162/rest.90.3.414, on
bootstraps of clusters).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

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


def draws(prompts: Prompts, count: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """For each kind of item [count, items] in float64, each row summing to 1: a resampled mean is
    `draws @ items`. Row n of every kind is of the same drawn prompts.

    Prompts are drawn among those that carry the same kinds of items: no draw leaves a kind without any.
    """
    kinds = vars(prompts)
    alike: dict[tuple[bool, ...], list[str]] = {}
    for prompt in dict.fromkeys(chain.from_iterable(kinds.values())):
        alike.setdefault(tuple(prompt in items for items in kinds.values()), []).append(prompt)
    times: dict[str, torch.Tensor] = {}
    for group in alike.values():
        picks = torch.randint(len(group), (count, len(group)), generator=generator)
        drawn = torch.zeros(count, len(group), dtype=torch.float64)
        drawn.scatter_add_(1, picks, torch.ones_like(picks, dtype=torch.float64))
        times.update(zip(group, drawn.T, strict=True))
    found = {name: torch.stack([times[prompt] for prompt in items], dim=1) for name, items in kinds.items()}
    return {name: value / value.sum(1, keepdim=True) for name, value in found.items()}
