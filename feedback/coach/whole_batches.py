"""Generating batch by batch, for models whose memory the rows of a continuous batch cannot share.

Sliding windows and recurrent states: nobody joins a batch under way, and everything else is as with `Loop`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor, StoppingCriteria

from feedback.coach.batching import Loop, Ticket, padded, too_long, took
from feedback.coach.sampling import RowDraws


class WholeBatches(Loop):
    """As `Loop`, with `model.generate` for each batch."""

    def _let_in(self) -> None:
        new = self._take()
        if not new:
            return
        ids, mask = padded([ticket.asked.ids for ticket in new], self.pad, self.model.device)
        self._steer(new)
        self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=max(ticket.asked.new_tokens for ticket in new),
            do_sample=False,
            num_beams=1,
            logits_processor=[_Drawing(new, self.ends)],
            stopping_criteria=[_Done(new)],
            pad_token_id=self.pad,
            **({"eos_token_id": sorted(self.ends)} if self.ends else {}),
        )
        for ticket in new:
            ticket.done = True


class _Drawing(LogitsProcessor):
    """Draws each row's next token and leaves `generate` no other choice."""

    def __init__(self, tickets: Sequence[Ticket], ends: frozenset[int]) -> None:
        self.tickets, self.ends = tickets, ends
        self.draws = RowDraws()
        for ticket in tickets:
            self.draws.add(ticket.asked.draw)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        picked = self.draws.pick(scores)
        for ticket, token in zip(self.tickets, picked, strict=True):
            took(ticket, token, self.ends)
        only = torch.full_like(scores, -torch.inf)
        return only.scatter(1, torch.tensor(picked, device=scores.device).clamp(min=0)[:, None], 0.0)


class _Done(StoppingCriteria):
    """Rows that are through, cancelled or too late."""

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        self.tickets = tickets

    def __call__(self, input_ids: torch.LongTensor, scores: Any, **kwargs: Any) -> torch.BoolTensor:
        now = time.monotonic()
        for ticket in self.tickets:
            if now > ticket.deadline:
                ticket.fail(too_long(ticket))
        return torch.tensor([ticket.done for ticket in self.tickets], device=input_ids.device)
