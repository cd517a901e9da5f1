"""Items as tokens: coach-mini's own prompt, the tokenizer's chat template, or plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from feedback.coach.corpus.person import uncapped
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


class Asker:
    """Puts items to the models of one tokenizer (of `transformers`)."""

    def __init__(self, tokenizer: Any, longest: int = 512) -> None:
        self.tokenizer, self.longest = tokenizer, longest
        self.mini = tokenizer.init_kwargs.get("prompt_style") == mini.STYLE
        self.end = tokenizer.eos_token_id
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (self.end or 0)

    def rows(self, items: Sequence[Item], replies: Sequence[str]) -> Rows:
        """A reply to each item, in order. The start of a prompt that is too long is left out."""
        prompts = [self._prompt(item) for item in items]
        texts = [uncapped(reply) if self.mini else reply for reply in replies]
        asked = self.tokenizer(prompts, add_special_tokens=not (self.mini or self.tokenizer.chat_template))
        said = self.tokenizer(texts, add_special_tokens=False)
        pairs = []
        for prompt, reply in zip(asked["input_ids"], said["input_ids"], strict=True):
            reply = reply[: self.longest // 2] + ([self.end] if self.end is not None else [])
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

    def _prompt(self, item: Item) -> str:
        if self.mini:
            return mini.mini_prompt(item.seeker, item.volunteer, item.technique)
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
