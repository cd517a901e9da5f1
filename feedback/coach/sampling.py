"""Sampling whose draws belong to a request and not to the batch it happens to be in.

Each row adds Gumbel noise from its own seeded generator to its scaled log-probabilities; the greedy choice
of the noisy scores is then a sample (Gumbel-max). A draw therefore depends on the request's seed and on how
many tokens it has, and on nothing else. Imports torch: only workers and commands import this module.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

NEAREST = (32, 512)  # so many of the likeliest tokens are looked at before a whole row is sorted
NOT_NUMBERS = "the language model gave scores that are not numbers; try another dtype"


@dataclass(frozen=True)
class Draw:
    """How one request is sampled: `temperature` 0 takes the likeliest token, `top_p` 1 cuts nothing off."""

    seed: int
    temperature: float = 0.7
    top_p: float = 0.9


class RowDraws:
    """The sampling state of the rows of one batch; rows come and go while the others stay as they are."""

    def __init__(self) -> None:
        self._draws: list[Draw] = []
        self._generators: list[torch.Generator] = []
        self._values: torch.Tensor | None = None  # [2, rows]: temperature, top_p

    def __len__(self) -> int:
        return len(self._draws)

    def add(self, draw: Draw) -> None:
        self._draws.append(draw)
        self._generators.append(torch.Generator().manual_seed(draw.seed))
        self._values = None

    def remove(self, row: int) -> None:
        """Takes a row out; the last one moves into its place."""
        for held in (self._draws, self._generators):
            held[row] = held[-1]
            held.pop()
        self._values = None

    def pick(self, scores: torch.Tensor, first: int = 0) -> list[int]:
        """The next token of each row from `first` on, from scores [rows, vocabulary]; -1 where the scores are
        not numbers."""
        scores = scores.float()
        rows = slice(first, first + len(scores))
        sums = scores.sum(dim=-1)
        if not bool(torch.isfinite(sums).all()):
            return self._pick_checked(scores, rows)
        return self._pick(scores, rows)

    def _pick_checked(self, scores: torch.Tensor, rows: slice) -> list[int]:
        """Some models rule tokens out by minus infinity: only a row without any number is broken."""
        broken = torch.isnan(scores).any(dim=-1) | torch.isinf(scores).all(dim=-1)
        broken |= (scores == torch.inf).any(dim=-1)
        picked = self._pick(torch.where(broken[:, None], torch.zeros_like(scores), scores), rows)
        return [-1 if bad else token for bad, token in zip(broken.tolist(), picked, strict=True)]

    def _pick(self, scores: torch.Tensor, rows: slice) -> list[int]:
        draws = self._draws[rows]
        if all(draw.temperature <= 0 for draw in draws):
            return scores.argmax(dim=-1).tolist()
        if self._values is None:
            self._values = torch.tensor(
                [[max(draw.temperature, 1e-6) for draw in self._draws], [draw.top_p for draw in self._draws]],
                device=scores.device,
            )
        temperature, top_p = self._values[0, rows, None], self._values[1, rows, None]
        scaled = scores / temperature
        whole = scaled.logsumexp(dim=-1, keepdim=True)
        vocabulary = scores.shape[-1]
        for size in (*NEAREST, vocabulary):
            best, ids = scaled.topk(min(size, vocabulary), dim=-1)
            chances = (best - whole).exp()
            mass = chances.cumsum(dim=-1)
            if size >= vocabulary or bool((mass[:, -1:] >= top_p).all()):
                break
        # A token stays while what is likelier than it holds less than top_p; the likeliest always stays.
        kept = mass - chances < top_p
        kept[:, 0] = True
        noisy = (best + self._noise(vocabulary, ids, rows)).masked_fill(~kept, -torch.inf)
        picked = ids.gather(-1, noisy.argmax(dim=-1, keepdim=True))[:, 0].tolist()
        for row, draw in enumerate(draws):
            if draw.temperature <= 0:
                picked[row] = int(scores[row].argmax())
        return picked

    def _noise(self, vocabulary: int, ids: torch.Tensor, rows: slice) -> torch.Tensor:
        """Gumbel noise of the tokens `ids` [rows, n]; drawn on the CPU: a seed gives the same on every
        device."""
        uniform = torch.stack([torch.rand(vocabulary, generator=one) for one in self._generators[rows]])
        uniform = uniform.gather(-1, ids.cpu()).clamp(1e-12, 1 - 1e-7)
        return (-torch.log(-torch.log(uniform))).to(ids.device)
