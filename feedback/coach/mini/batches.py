"""What each training step reads: a pure function of seed and step, so that a run can go on anywhere."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from feedback.coach.corpus.pairs import Exchange, exchange
from feedback.coach.mini.prompting import END, PAD, mini_prompt, repeat_prompt, said_back, target

POOL = 16  # batches that are sorted by length together, so that little is padding
WARM = 0.15  # part of the steps with many copying exercises
EXERCISES = (0.2, 0.02)  # share of exercises in saying the message back, in the warm-up and after
IGNORED = -100


def example(seed: int, index: int) -> Exchange:
    return exchange(random.Random(f"{seed}:{index}"))


class Batches:
    """`read(step)` -> (ids, targets), both int64 [rows, longest]; only the reply's tokens are targets."""

    def __init__(self, tokenizer: Any, seed: int, rows: int, steps: int) -> None:
        self.tokenizer, self.seed, self.rows, self.steps = tokenizer, seed, rows, steps
        self.end, self.pad = tokenizer.token_to_id(END), tokenizer.token_to_id(PAD)
        self._pool: tuple[int, list[Any]] = (-1, [])

    def read(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        number, place = divmod(step, POOL)
        if self._pool[0] != number:
            self._pool = (number, self._make(number))
        return self._pool[1][place]

    def ahead(self, first: int, workers: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """What `read` gives from step `first` on, made by `workers` processes beside the training."""
        number, place = divmod(first, POOL)
        pools = DataLoader(
            _Pools(self),
            batch_size=None,
            sampler=range(number, -(-self.steps // POOL)),
            num_workers=workers,
            prefetch_factor=2 if workers else None,
        )
        batches = itertools.chain.from_iterable(pools)
        return itertools.islice(batches, place, place + self.steps - first)

    def _make(self, number: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        share = EXERCISES[0] if number * POOL < WARM * self.steps else EXERCISES[1]
        first = number * POOL * self.rows
        pairs = list(self._texts(first, share))
        flat = self.tokenizer.encode_batch([text for pair in pairs for text in pair])
        rows = sorted(
            ((flat[i].ids, [*flat[i + 1].ids, self.end]) for i in range(0, len(flat), 2)),
            key=lambda row: len(row[0]) + len(row[1]),
        )
        batches = [self._tensors(rows[i : i + self.rows]) for i in range(0, len(rows), self.rows)]
        random.Random(f"{self.seed}:pool:{number}").shuffle(batches)
        return batches

    def _texts(self, first: int, share: float) -> Iterator[tuple[str, str]]:
        for index in range(first, first + POOL * self.rows):
            pair = example(self.seed, index)
            if random.Random(f"{self.seed}:exercise:{index}").random() < share:
                yield repeat_prompt(pair.seeker), target(said_back(pair.seeker), pair.seeker)
            else:
                yield (
                    mini_prompt(pair.seeker, pair.volunteer, pair.technique),
                    target(pair.reply, pair.seeker),
                )

    def _tensors(self, rows: list[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor]:
        longest = max(len(prompt) + len(reply) for prompt, reply in rows)
        ids = torch.full((len(rows), longest), self.pad)
        targets = torch.full((len(rows), longest), IGNORED)
        for i, (prompt, reply) in enumerate(rows):
            ids[i, : len(prompt) + len(reply)] = torch.tensor(prompt + reply)
            # The token before the reply's first one has to foretell it.
            start = len(prompt) - 1
            targets[i, start : start + len(reply)] = torch.tensor(reply)
        return ids, targets


class _Pools(Dataset):
    """The pools by their number; in worker processes, so that a GPU need not wait for the grammar."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __getitem__(self, number: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return self.batches._make(number)
