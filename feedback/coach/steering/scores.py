"""What is measured at one strength: behaviour, helpfulness, coherence and the premises.

Every number is kept per item (pair, reference, prompt), so that intervals can be had by resampling items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch

from feedback.coach.steering.exchange import Row, next_logits, reply_logprobs, sample

RIVALS = 10
REPEATED = 0.5  # share of repeated bigrams from which a text counts as a loop
SPREAD = 3.0  # standard deviations of the unsteered log-probability
PASSING = 0.8  # of the coherent share at r = 0


@dataclass(frozen=True)
class Items:
    """Token rows of everything that is scored. `middle`: reply length in tokens between short and long."""

    positive: list[Row]
    negative: list[Row]
    references: list[Row]
    options: list[list[Row]]  # per reference; empty lists for free replies
    right: list[int]
    prompts: list[tuple[int, ...]]
    middle: float


def behaviour_scores(model: Any, items: Items, *, batch: int) -> list[float]:
    """Per held-out pair, P(+) - P(-) with both adding up to 1: float in [-1, 1].

    The probability of a reply is the geometric mean of its tokens', so that longer is not less likely.
    """
    rows = reply_logprobs(model, items.positive + items.negative, batch=batch)
    means = torch.stack([row.double().mean() for row in rows])
    up, down = means[: len(items.positive)], means[len(items.positive) :]
    return torch.tanh((up - down) / 2).tolist()


def helpfulness_scores(model: Any, items: Items, *, batch: int) -> tuple[list[float], list[float]]:
    """Per reference (P, mean log-probability): P is the mean probability of its tokens, or of the right
    option among all options."""
    if not items.options[0]:
        rows = reply_logprobs(model, items.references, batch=batch)
        return (
            [float(row.double().exp().mean()) for row in rows],
            [float(row.double().mean()) for row in rows],
        )
    flat = [row for options in items.options for row in options]
    totals = torch.stack([row.double().sum() for row in reply_logprobs(model, flat, batch=batch)])
    logs = torch.log_softmax(totals.reshape(len(items.options), -1), dim=1)
    picked = logs[torch.arange(len(items.right)), torch.tensor(items.right)]
    return picked.exp().tolist(), picked.tolist()


def repetition(tokens: Sequence[int]) -> float:
    """Share of bigrams that had been there before; 0 for a text without a bigram."""
    bigrams = list(pairwise(tokens))
    return 1 - len(set(bigrams)) / len(bigrams) if bigrams else 0.0


def free_replies(
    model: Any, tokenizer: Any, items: Items, *, tokens: int, seed: int, batch: int
) -> list[Row]:
    """One sampled reply per prompt of `items`, as rows."""
    replies = sample(model, tokenizer, items.prompts, tokens=tokens, seed=seed, batch=batch)
    return [Row(prompt, reply) for prompt, reply in zip(items.prompts, replies, strict=True)]


def plausibility(model: Any, replies: Sequence[Row], *, batch: int) -> list[float | None]:
    """Mean log-probability of each reply under the model as it stands; None for an empty reply.

    Called with strength 0: gibberish is what the unsteered model finds unlikely.
    """
    kept = [row for row in replies if row.reply]
    scores = iter(reply_logprobs(model, kept, batch=batch) if kept else [])
    return [float(next(scores).double().mean()) if row.reply else None for row in replies]


def coherent(
    plausible: Sequence[float | None], repeated: Sequence[float], base: dict[str, list]
) -> list[bool]:
    """Per reply, by a yardstick taken from the unsteered replies `base`: no loop, and not much less likely
    than those."""
    known = torch.tensor([value for value in base["plausible"] if value is not None], dtype=torch.float64)
    if len(known) < 2:
        return [False] * len(plausible)
    least = float(known.mean()) - SPREAD * max(float(known.std()), 0.1)
    most = max(REPEATED, *base["repeated"])
    return [
        value is not None and value >= least and again <= most
        for value, again in zip(plausible, repeated, strict=True)
    ]


@dataclass(frozen=True)
class Unsteered:
    """The model's own logits after each prompt, its choice and its ten rivals; changes start here."""

    rows: list[Row]
    logits: torch.Tensor  # [prompts, vocabulary]
    top: torch.Tensor  # [prompts, 1 + rivals]


def unsteered(model: Any, prompts: Sequence[tuple[int, ...]], *, batch: int) -> Unsteered:
    rows = [Row(prompt, ()) for prompt in dict.fromkeys(prompts)]
    logits = next_logits(model, rows, batch=batch)
    return Unsteered(rows, logits, logits.topk(min(1 + RIVALS, logits.shape[1]), dim=1).indices)


def premise_scores(model: Any, base: Unsteered, *, batch: int) -> dict[str, Any]:
    """|U·δ| per prompt, and over prompts and rivals the standard deviation of the changed gaps and their
    Kolmogorov distance to a normal distribution."""
    change = next_logits(model, base.rows, batch=batch) - base.logits
    picked = change.gather(1, base.top).double()
    gaps = (picked[:, 1:] - picked[:, :1]).flatten()
    spread = float(gaps.std())
    distance = 0.0
    if spread > 1e-9:
        ordered = ((gaps - gaps.mean()) / spread).sort().values
        normal = 0.5 * (1 + torch.erf(ordered / 2**0.5))
        steps = torch.arange(1, len(ordered) + 1, dtype=torch.float64) / len(ordered)
        distance = float(torch.maximum(steps - normal, normal - steps + 1 / len(ordered)).max())
    return {"change": change.norm(dim=1).tolist(), "gap_sd": spread, "gap_distance": distance}
