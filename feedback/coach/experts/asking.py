"""Items as tokens: coach-mini's own prompt, the tokenizer's chat template, or plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from feedback.coach.corpus.person import uncapped
from feedback.coach.experts.errors import ExpertsError
from feedback.coach.experts.items import Item
from feedback.coach.mini import prompting as mini

IGNORED = -100


@dataclass(frozen=True)
class Rows:
    """`ids` int64 [rows, longest], padded on the right; `targets` has the reply's tokens where they are to be
    foretold, IGNORED elsewhere."""

    ids: torch.Tensor
    targets: torch.Tensor

    def to(self, device: torch.device | str) -> Rows:
        return Rows(self.ids.to(device), self.targets.to(device))


@dataclass(frozen=True)
class Pairs:
    """Each row is a prompt, its better and its worse reply, which do not see each other: the prompt is read
    once for both.

    `ids`, `places` int64 [rows, longest]; `seen` bool [rows, 1, longest, longest], what a token attends to;
    `asks` int64 [reply tokens, 4]: row, place that foretells the token, token, and 0 (better) or 1 (worse).
    """

    ids: torch.Tensor
    places: torch.Tensor
    seen: torch.Tensor
    asks: torch.Tensor


class Asker:
    """Puts items to the models of one tokenizer (of `transformers`)."""

    def __init__(self, tokenizer: Any, longest: int = 512) -> None:
        self.tokenizer, self.longest = tokenizer, longest
        self.mini = tokenizer.init_kwargs.get("prompt_style") == mini.STYLE
        self.end = tokenizer.eos_token_id
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (self.end or 0)

    def rows(self, items: Sequence[Item], replies: Sequence[str]) -> Rows:
        """A reply to each item, in order. The start of a prompt that is too long is left out."""
        asked = self._asked(items)
        pairs = []
        for prompt, reply in zip(asked, self._said(items, replies), strict=True):
            pairs.append((prompt[-(self.longest - len(reply)) :], reply))
        width = max(len(prompt) + len(reply) for prompt, reply in pairs)
        ids = torch.full((len(pairs), width), self.pad)
        targets = torch.full((len(pairs), width), IGNORED)
        for row, (prompt, reply) in enumerate(pairs):
            ids[row, : len(prompt) + len(reply)] = torch.tensor(prompt + reply)
            # The token before the reply's first one has to foretell it.
            start = len(prompt) - 1
            targets[row, start : start + len(reply)] = torch.tensor(reply)
        return Rows(ids, targets)

    def pairs(self, items: Sequence[Item]) -> Pairs:
        """Both replies of each item, in order."""
        asked = self._asked(items)
        good = self._said(items, [item.good for item in items])
        bad = self._said(items, [item.bad for item in items])
        asked = [
            prompt[-(self.longest - max(len(one), len(two))) :]
            for prompt, one, two in zip(asked, good, bad, strict=True)
        ]
        width = max(len(p) + len(one) + len(two) for p, one, two in zip(asked, good, bad, strict=True))
        ids = torch.full((len(items), width), self.pad)
        places = torch.zeros((len(items), width), dtype=torch.int64)
        seen = torch.ones((width, width), dtype=torch.bool).tril().repeat(len(items), 1, 1)
        asks = []
        for row, (prompt, one, two) in enumerate(zip(asked, good, bad, strict=True)):
            start, middle = len(prompt), len(prompt) + len(one)
            end = middle + len(two)
            ids[row, :end] = torch.tensor(prompt + one + two)
            places[row, :middle] = torch.arange(middle)
            places[row, middle:end] = torch.arange(start, start + len(two))
            seen[row, middle:, start:middle] = False
            for which, first, reply in ((0, start, one), (1, middle, two)):
                froms = [start - 1, *range(first, first + len(reply) - 1)]
                asks += [(row, place, token, which) for place, token in zip(froms, reply, strict=True)]
        return Pairs(ids, places, seen[:, None], torch.tensor(asks))

    def _asked(self, items: Sequence[Item]) -> list[list[int]]:
        prompts = [self._prompt(item) for item in items]
        special = not (self.mini or self.tokenizer.chat_template)
        return self.tokenizer(prompts, add_special_tokens=special)["input_ids"]

    def _said(self, items: Sequence[Item], replies: Sequence[str]) -> list[list[int]]:
        texts = list(replies)
        if self.mini:
            texts = [
                mini.target(uncapped(text), one.seeker) for one, text in zip(items, replies, strict=True)
            ]
        ends = [self.end] if self.end is not None else []
        said = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        return [reply[: self.longest // 2 - 1] + ends for reply in said]

    def _prompt(self, item: Item) -> str:
        if self.mini:
            if not item.technique:
                raise ExpertsError(
                    "coach-mini reads messages to a peer supporter only: no public set fits it"
                )
            return mini.mini_prompt(item.seeker, item.volunteer, item.technique)
        asked = item.seeker
        if item.technique:
            asked = (
                f"Seeker: {item.seeker}\nVolunteer: {item.volunteer}\n"
                f"Write a better reply ({item.technique.replace('_', ' ')})."
            )
        if not self.tokenizer.chat_template:
            return f"{asked}\nReply: "
        turns = [{"role": "user", "content": asked}]
        return self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def logprobs(model: Any, rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
    """(sum of the reply's log probabilities [rows], its number of tokens [rows]), float32."""
    rows = rows.to(model.device)
    # Padding stands on the right, so the causal mask alone keeps it from every real token.
    logits = model(input_ids=rows.ids).logits  # [rows, longest, vocabulary]
    wanted = rows.targets != IGNORED
    scores = logits[wanted].float().log_softmax(-1)  # [reply tokens, vocabulary]
    picked = torch.zeros(rows.ids.shape, device=scores.device)
    picked[wanted] = scores.gather(-1, rows.targets[wanted][:, None])[:, 0]
    return picked.sum(1), wanted.sum(1)


def pair_means(model: Any, pairs: Pairs) -> torch.Tensor:
    """Mean log probability of a token of the better and of the worse reply, float32 [rows, 2]."""
    device = model.device
    row, place, token, which = pairs.asks.to(device).T
    # Not as bool: where a model has no fused attention, a mask is added to the scores.
    dtype = model.dtype
    mask = torch.zeros(pairs.seen.shape, dtype=dtype).masked_fill(~pairs.seen, torch.finfo(dtype).min)
    kept, column = place.unique(return_inverse=True)  # most of a prompt foretells nothing that is asked
    logits = model(
        input_ids=pairs.ids.to(device),
        position_ids=pairs.places.to(device),
        attention_mask=mask.to(device),
        use_cache=False,
        logits_to_keep=kept,
    ).logits  # [rows, kept, vocabulary]
    scores = logits[row, column].float().log_softmax(-1)  # [reply tokens, vocabulary]
    found = scores.gather(-1, token[:, None])[:, 0]
    total = torch.zeros((len(pairs.ids), 2), device=device).index_put_((row, which), found, accumulate=True)
    count = torch.zeros_like(total).index_put_((row, which), torch.ones_like(found), accumulate=True)
    return total / count
