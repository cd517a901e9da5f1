"""Masked-language pre-training on the corpora's text, before any label is seen (Gururangan et al. 2020).

The sentence encoder came without its word predictor; a new one, tied to the frozen word table, is learnt here
and thrown away. Helper messages and seeker messages of the training parts only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skills.corpora.example import Example
from skills.tagger import device, origin
from skills.tagger.clean import has_words
from skills.tagger.encode import LIMIT, Encoder
from skills.tagger.network import EPS, WIDTH, Network, load_pretrained, pretrained
from skills.tagger.vocabulary import shrink

CHECKPOINT = "pretrained.pt"


@dataclass(frozen=True, slots=True)
class PretrainRecipe:
    seed: int = 7
    epochs: int = 1
    rate: float = 1.2e-4
    warmup: float = 0.06
    hidden_share: float = 0.2
    tokens_per_batch: int = 2048


class Predictor(nn.Module):
    """Word logits [n, vocabulary] of states [n, width], tied to the word table (Devlin et al. 2019)."""

    def __init__(self, words: nn.Embedding) -> None:
        super().__init__()
        self.dense, self.norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH, eps=EPS)
        self.bias = nn.Parameter(torch.zeros(words.num_embeddings))
        self.words = [words]  # in a list: its weights are the network's, not ours

    def forward(self, states: Tensor) -> Tensor:
        features = self.norm(F.gelu(self.dense(states)).float())
        return F.linear(features, self.words[0].weight, self.bias)


def texts(examples: list[Example]) -> list[str]:
    """The distinct messages of the training parts, helpers' and seekers', in a fixed order."""
    learnt = [example for example in examples if example.split == "train"]
    both = (text for example in learnt for text in (example.text, example.previous))
    return sorted({text for text in both if has_words(text)})


def pretrain(
    lines: list[str],
    folder: Path,
    recipe: PretrainRecipe,
    report: Callable[[dict], None],
    *,
    permissive: bool = False,
) -> Path:
    """Train on `lines`; writes the encoder to `folder`/pretrained.pt and returns that path. The file says of
    which lines it is, and whether all of them are `permissive`."""
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    folder.mkdir(parents=True, exist_ok=True)
    weights, tokenizer = pretrained()
    kept = shrink(tokenizer, folder / "tokenizer.json")
    encoder = Encoder(folder / "tokenizer.json")
    here = device.best()
    network = Network(vocabulary=len(kept), positions=LIMIT).train()
    load_pretrained(network, weights, kept)
    network.to(here)
    predictor = Predictor(network.words).to(here)
    learnt = [p for p in (*network.parameters(), *predictor.parameters()) if p.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=recipe.rate, weight_decay=0.01, fused=True)
    coded = [window.ids for line in lines for window in encoder.windows(line)]
    marks = torch.tensor([0, encoder.first, encoder.between])
    started, step, total, losses = time.monotonic(), 0, 0, []
    for epoch in range(recipe.epochs):
        plan = _plan(coded, recipe, epoch)
        total = total or len(plan) * recipe.epochs
        for rows in plan:
            progress = min(step / total, 1.0)
            rate = min(1.0, progress / recipe.warmup) * min(1.0, (1 - progress) / (1 - recipe.warmup))
            optimizer.param_groups[0]["lr"] = recipe.rate * rate
            losses.append(_step(network, predictor, [coded[row] for row in rows], recipe, encoder, marks))
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step += 1
            if step % 100 == 0:
                minutes = round((time.monotonic() - started) / 60, 1)
                loss = round(float(np.mean(losses[-100:])), 4)
                report(
                    {
                        "stage": "pretraining",
                        "progress": round(step / total, 4),
                        "loss": loss,
                        "minutes": minutes,
                    }
                )
    minutes = round((time.monotonic() - started) / 60, 1)
    state = {"network": network.cpu().state_dict(), "minutes": minutes, "texts": len(lines)}
    state |= {"permissive": permissive, "lines": origin.of_lines(lines)}
    unfinished = folder / (CHECKPOINT + ".part")
    torch.save(state, unfinished)
    os.replace(unfinished, folder / CHECKPOINT)
    return folder / CHECKPOINT


def _plan(coded: list[list[int]], recipe: PretrainRecipe, epoch: int) -> list[list[int]]:
    random = np.random.default_rng([recipe.seed, epoch])
    order = random.permutation(len(coded))
    plan: list[list[int]] = []
    for start in range(0, len(order), 2000):
        batch: list[int] = []
        for row in sorted(order[start : start + 2000], key=lambda row: len(coded[row])):
            if batch and len(coded[row]) * (len(batch) + 1) > recipe.tokens_per_batch:
                plan.append(batch)
                batch = []
            batch.append(int(row))
        plan.append(batch)
    random.shuffle(plan)
    return plan


def _step(network: Network, predictor: Predictor, rows: list[list[int]], recipe, encoder, marks) -> float:
    ids = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row)
    chosen = (torch.rand(ids.shape) < recipe.hidden_share) & ~torch.isin(ids, marks)
    chosen[0, 1] |= not chosen.any()
    shown = torch.where(chosen & (torch.rand(ids.shape) < 0.9), encoder.mask, ids)
    wanted = ids[chosen]
    here = network.words.weight.device
    shown, chosen, wanted = shown.to(here), chosen.to(here), wanted.to(here)
    with device.half(here):
        states = network.states(shown, torch.zeros_like(shown))
        logits = predictor(states[chosen])
    loss = F.cross_entropy(logits.float(), wanted)
    loss.backward()
    return loss.item()
