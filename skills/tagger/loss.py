"""The training loss: set-valued labels, absent codes, corpus labels and empathy levels.

For a set of codes of which at least one is present the loss is −log of the noisy-or of their
probabilities, so the model is free to decide which (partial-label learning, Jin and Ghahramani 2002).
A corpus' own label is also scored as it will be read off: by the share of its group of codes among all
groups of that corpus, once by the groups' highest and once by their summed probability, so that either
reading works.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from skills.tagger.heads import N_CODES

EMPATHY_LEVEL_WEIGHTS = torch.tensor([[0.75, 1.0, 1.7], [0.8, 2.2, 0.9], [0.7, 2.4, 1.5]])
READOUT_WEIGHT = 1.0


def tag_loss(logits: Tensor, batch: dict[str, Tensor], readouts: list[Tensor]) -> Tensor:
    """Mean loss of logits [n, outputs]; `batch` from `batches.gather`, `readouts` one mask a corpus."""
    codes = logits[:, :N_CODES]
    log_absent = -F.softplus(codes)
    kept = (batch["sets"] * log_absent[:, None]).sum(-1)
    used = batch["sets"].amax(-1)
    noisy_or = -torch.log(-torch.expm1(kept.clamp(max=-1e-6))) * used
    absent = -(batch["absent"] * log_absent).sum(-1)
    loss = noisy_or.sum(-1) + absent
    loss = loss + READOUT_WEIGHT * _readout(codes, batch, readouts)
    loss = loss + _empathy(logits[:, N_CODES:], batch["empathy"])
    return (loss * batch["weight"]).sum() / batch["weight"].sum().clamp(min=1e-6)


def _readout(codes: Tensor, batch: dict[str, Tensor], readouts: list[Tensor]) -> Tensor:
    loss = codes.new_zeros(len(codes))
    log_present = F.logsigmoid(codes)
    for corpus, mask in enumerate(readouts):
        rows = ((batch["corpus"] == corpus) & (batch["readout"] >= 0)).nonzero().squeeze(-1)
        if len(rows):
            members = log_present[rows, None] + torch.where(mask > 0, 0.0, -1e4)[None]
            target = batch["readout"][rows]
            summed = F.cross_entropy(members.logsumexp(-1), target, reduction="none")
            highest = F.cross_entropy(members.amax(-1), target, reduction="none")
            loss = loss.index_add(0, rows, (summed + highest) / 2)
    return loss


def _empathy(logits: Tensor, levels: Tensor) -> Tensor:
    loss = logits.new_zeros(len(logits))
    weights = EMPATHY_LEVEL_WEIGHTS.to(logits.device)
    for head in range(levels.shape[1]):
        known = levels[:, head].clamp(min=0)
        part = F.cross_entropy(
            logits[:, 3 * head : 3 * head + 3], known, weight=weights[head], reduction="none"
        )
        loss = loss + part * (levels[:, head] >= 0)
    return loss


def soft_loss(logits: Tensor, said: Tensor, spoken: Tensor, levels: Tensor) -> Tensor:
    """How far logits [n, outputs] are from a teacher's, over the items it spoke of (Hinton et al. 2015).

    Codes: cross-entropy of each code's probability at temperature 2. Empathy: of the three levels, where
    `levels` [n, heads] knows none: the label says more there than a teacher does who reads only the start.
    """
    heat = 2.0
    codes = F.binary_cross_entropy_with_logits(
        logits[:, :N_CODES] / heat, torch.sigmoid(said[:, :N_CODES] / heat), reduction="none"
    )
    certain = F.binary_cross_entropy_with_logits(
        said[:, :N_CODES] / heat, torch.sigmoid(said[:, :N_CODES] / heat), reduction="none"
    )
    loss = (codes - certain).sum(-1)
    for head in range(levels.shape[1]):
        first = N_CODES + 3 * head
        part = slice(first, first + 3)
        wanted = F.log_softmax(said[:, part] / heat, -1)
        apart = F.kl_div(F.log_softmax(logits[:, part] / heat, -1), wanted, reduction="none", log_target=True)
        loss = loss + apart.sum(-1) * (levels[:, head] < 0)
    return heat**2 * (loss * spoken).sum() / spoken.sum().clamp(min=1)


def embedding_loss(embedding: Tensor, teacher: Tensor, alone: Tensor) -> Tensor:
    """1 − cosine to the original sentence embedding, over the items that were encoded alone."""
    distance = 1 - (embedding * teacher).sum(-1)
    return (distance * alone).sum() / alone.sum().clamp(min=1.0)
