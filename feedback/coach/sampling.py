"""Sampling whose draws belong to a request and not to the batch it happens to be in.

Each row adds Gumbel noise from its own seeded generator to its scaled log-probabilities; the greedy choice
of the noisy scores is then a sample (Gumbel-max). A draw therefore depends on the request's seed alone.
Imports torch: only workers and commands import this module.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from transformers import LogitsProcessor, StoppingCriteria, TemperatureLogitsWarper, TopPLogitsWarper

from feedback.coach.rewording import EngineError


class SeededSampler(LogitsProcessor):
    """Temperature, nucleus and noise for a batch of rows, one seed each.

    Raises EngineError when the model gives scores that are not numbers.
    """

    def __init__(self, seeds: Sequence[int], *, temperature: float, top_p: float) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.temperature = TemperatureLogitsWarper(temperature) if temperature > 0 else None
        self.top_p = TopPLogitsWarper(top_p) if top_p < 1 else None

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        # scores: [rows, vocabulary]
        if torch.isnan(scores).any() or torch.isinf(scores).all(dim=-1).any():
            raise EngineError("the language model gave scores that are not numbers; try another dtype")
        if self.temperature is None:
            return scores
        scores = self.temperature(input_ids, scores.float())
        if self.top_p is not None:
            scores = self.top_p(input_ids, scores)
        # The noise is drawn on the CPU, so a seed gives the same draw on every device.
        uniform = torch.stack([torch.rand(scores.shape[-1], generator=g) for g in self.generators])
        noise = -torch.log(-torch.log(uniform.clamp(1e-12, 1 - 1e-7)))
        return scores + noise.to(scores.device)


class Deadline(StoppingCriteria):
    """Stops a batch that runs past its time limit and remembers that it did."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self.passed = False

    def __call__(self, input_ids: torch.LongTensor, scores: object, **kwargs: object) -> torch.BoolTensor:
        self.passed = time.monotonic() > self.at
        return torch.full((input_ids.shape[0],), self.passed, device=input_ids.device, dtype=torch.bool)
