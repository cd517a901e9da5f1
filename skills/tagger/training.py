"""Trains the network: seeded, in legs that can be continued, one thread, bfloat16 where the processor has it.

The same seed and examples give the same weights, however the run was divided: nothing depends on the clock
but when a leg ends, and what the original encoder said of an example when it was first met goes with the
checkpoint.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

from skills.corpora.example import Example
from skills.corpora.maps import READOUTS
from skills.tagger import batches, device, mixing, origin, soft, targets
from skills.tagger.encode import LIMIT, Encoder
from skills.tagger.examples import seeker_lines
from skills.tagger.judge import Judge
from skills.tagger.loss import embedding_loss, soft_loss, tag_loss
from skills.tagger.network import Network, load_pretrained, pretrained
from skills.tagger.pretrain import CHECKPOINT as PRETRAINED
from skills.tagger.vocabulary import shrink

CHECKPOINT = "checkpoint.pt"
NETWORK = "network.pt"  # what came out, in float
JOINED = 8000


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. `context`, `sets` and `balance` are there to be switched off in the ablation.

    What is judged and kept is the exponential average of the weights, of about 1 / (1 - `averaging`) steps
    (Izmailov et al. 2018 average plainly): it depends less on where the last steps happened to lead.
    """

    seed: int = 7
    epochs: int = 6
    patience: int = 2
    rate: float = 9e-5
    head_rate: float = 5e-4
    warmup: float = 0.06
    decay: float = 0.01
    dropout: float = 0.1
    embedding_weight: float = 1.0
    soft_weight: float = 1.0
    masking: float = 0.08
    tokens: int = batches.TOKENS_PER_BATCH
    averaging: float = 0.998
    share: float = 1.0
    context: bool = True
    sets: bool = True
    balance: bool = True
    checkpoint_minutes: float = 5.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a run starts: files of pre-trained networks, whose mean it takes (Wortsman et al. 2022), and of
    teachers' opinions, likewise; both may be missing. `permissive`: all that it learns from is."""

    encoders: tuple[Path, ...] = ()
    soft: tuple[Path, ...] = ()
    permissive: bool = False


NOTHING = Sources()


class Training:
    """One training run in `folder`, which holds its tokenizer and its checkpoint."""

    def __init__(
        self,
        examples: list[Example],
        folder: Path,
        recipe: Recipe,
        report: Callable[[dict], None],
        sources: Sources = NOTHING,
    ):
        torch.set_num_threads(1)
        torch.manual_seed(recipe.seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.recipe, self.report = folder, recipe, report
        self.sources = {
            "permissive": sources.permissive,
            "examples": origin.of_examples(examples),
            "encoders": origin.of_files(sources.encoders),
            "soft": origin.of_files(sources.soft),
        }
        weights, tokenizer = pretrained()
        kept = shrink(tokenizer, folder / "tokenizer.json")
        self.encoder = Encoder(folder / "tokenizer.json")
        self.marks = torch.tensor([0, self.encoder.first, self.encoder.between])
        self.network = Network(vocabulary=len(kept), positions=LIMIT, dropout=recipe.dropout)
        load_pretrained(self.network, weights, kept)
        if sources.encoders:
            self.network.load_state_dict(mean_of(sources.encoders))
        self.teacher = Network(vocabulary=len(kept), positions=LIMIT).eval()
        load_pretrained(self.teacher, weights, kept)
        self.device = device.best()
        self.network.to(self.device)
        self.teacher.to(self.device)
        self.average = AveragedModel(self.network, avg_fn=_average(recipe.averaging))
        self.examples = self._learnt(examples)
        self.targets = targets.build(self.examples, sets=recipe.sets)
        if recipe.balance:
            self.targets.weight[:] *= targets.balance(self.examples)
        self.soft = soft.lookup(sources.soft, self.examples)
        self.readouts = [torch.from_numpy(targets.readout_mask(name)).to(self.device) for name in READOUTS]
        self.judge = Judge([example for example in examples if example.split == "val"], self.encoder)
        self.optimizer = torch.optim.AdamW(self._groups(), fused=True, weight_decay=recipe.decay)
        self.epoch, self.step, self.seconds = 0, 0, 0.0
        self.legs: list[float] = []
        self.scores: list[float] = []
        self.best: dict[str, torch.Tensor] = {}
        self._taught: dict[int, torch.Tensor] = {}

    def run(self, leg_minutes: float = 70.0) -> Network | None:
        """Train to the end, continuing from a checkpoint; None if the leg's time was up before."""
        self._resume()
        began, saved = time.monotonic(), time.monotonic()
        while self.epoch < self.recipe.epochs and not self._settled():
            self.network.train()
            plan = self._plan(self.epoch)
            losses: list[float] = []
            for position in range(self.step, len(plan)):
                if time.monotonic() - began > 60 * leg_minutes:
                    self._save(began)
                    return None
                progress = (self.epoch + position / len(plan)) / self.recipe.epochs
                losses.append(self._step(plan[position], progress))
                self.step = position + 1
                if len(losses) % 50 == 0:
                    self._tell(progress, losses[-50:], began)
                if time.monotonic() - saved > 60 * self.recipe.checkpoint_minutes:
                    self._save(began)
                    saved = time.monotonic()
            self.epoch, self.step = self.epoch + 1, 0
            self._tell(self.epoch / self.recipe.epochs, losses[-200:] or [0.0], began)
            self._judge()
        self._save(began)
        self.network.load_state_dict(self.best or self.network.state_dict())
        self.network.cpu()
        self.teacher.cpu()
        self.legs.append(round((time.monotonic() - began) / 60, 1))
        return self.network.eval()

    def forget(self) -> None:
        """Remove the checkpoints of a run that is through."""
        for name in (CHECKPOINT, PRETRAINED):
            (self.folder / name).unlink(missing_ok=True)

    def _learnt(self, examples: list[Example]) -> list[Example]:
        learnt = [e for e in examples if e.split == "train"]
        together = mixing.joined(learnt, most=JOINED, seed=self.recipe.seed)
        chosen = learnt + together + seeker_lines(learnt)
        return chosen if self.recipe.context else [replace(example, previous="") for example in chosen]

    def _judge(self) -> None:
        """Score the held-out validation transcripts and remember the best weights so far."""
        score = self.judge(self.average.module.eval(), context=self.recipe.context)
        if not self.scores or score > max(self.scores):
            self.best = {name: value.clone() for name, value in self.average.module.state_dict().items()}
        self.scores.append(round(score, 4))
        self.report({"epoch": self.epoch, "validation": self.scores[-1]})

    def _settled(self) -> bool:
        """Early stopping: no better validation score for `patience` epochs."""
        since = len(self.scores) - 1 - int(np.argmax(self.scores)) if self.scores else 0
        return since >= self.recipe.patience

    def _groups(self) -> list[dict]:
        body, head = [], []
        for name, parameter in self.network.named_parameters():
            if parameter.requires_grad:
                (head if name.startswith("head") else body).append(parameter)
        return [{"params": body, "top": self.recipe.rate}, {"params": head, "top": self.recipe.head_rate}]

    def _plan(self, epoch: int) -> list[list[batches.Item]]:
        recipe = self.recipe
        return batches.plan_epoch(
            self.examples,
            self.encoder,
            seed=recipe.seed,
            epoch=epoch,
            share=recipe.share,
            tokens=recipe.tokens,
        )

    def _step(self, items: list[batches.Item], progress: float) -> float:
        warm = min(1.0, progress / self.recipe.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * warm * min(1.0, (1 - progress) / (1 - self.recipe.warmup))
        ids, segments, pool = (torch.from_numpy(a) for a in batches.collate([i.window for i in items]))
        rows = [item.index for item in items]
        batch = device.moved(batches.gather(self.targets, rows), self.device)
        # What is random is drawn on the processor, so that a GPU hides the same word pieces.
        shown = self._masked(ids).to(self.device)
        ids, segments, pool = ids.to(self.device), segments.to(self.device), pool.to(self.device)
        with device.half(self.device):
            logits, embedding = self.network(shown, segments, pool)
        loss = tag_loss(logits[:, 0].float(), batch, self.readouts)
        said, spoken = (torch.from_numpy(part[rows]).to(self.device) for part in self.soft)
        if spoken.any():
            loss = loss + self.recipe.soft_weight * soft_loss(
                logits[:, 0].float(), said, spoken, batch["empathy"]
            )
        alone = torch.tensor([float(item.alone) for item in items], device=self.device)
        if alone.any():
            taught = embedding_loss(embedding.float(), self._teach(items, ids, segments, pool), alone)
            loss = loss + self.recipe.embedding_weight * taught
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update_parameters(self.network)
        return loss.item()

    def _masked(self, ids: torch.Tensor) -> torch.Tensor:
        """Some word pieces hidden, so that no single one is learnt by heart."""
        hidden = (torch.rand(ids.shape) < self.recipe.masking) & ~torch.isin(ids, self.marks)
        return ids.masked_fill(hidden, self.encoder.mask)

    def _teach(self, items: list[batches.Item], ids, segments, pool) -> torch.Tensor:
        """The original encoder's embeddings of the items encoded alone (zeros for the others), remembered."""
        missing = [row for row, item in enumerate(items) if item.alone and item.index not in self._taught]
        if missing:
            with torch.no_grad(), device.half(self.device):
                _, fresh = self.teacher(ids[missing], segments[missing], pool[missing])
            for row, vector in zip(missing, fresh, strict=True):
                self._taught[items[row].index] = vector.half()
        blank = torch.zeros(self.network.project.in_features, dtype=torch.half, device=self.device)
        return torch.stack([self._taught[i.index] if i.alone else blank for i in items]).float()

    def _tell(self, progress: float, losses: list[float], began: float) -> None:
        self.report(
            {
                "epoch": self.epoch,
                "step": self.step,
                "progress": round(progress, 4),
                "loss": round(float(np.mean(losses)), 4),
                "minutes": round((time.monotonic() - began) / 60, 1),
            }
        )

    def _save(self, began: float) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "place": [self.epoch, self.step],
            "legs": [*self.legs, round((time.monotonic() - began) / 60, 1)],
            "scores": self.scores,
            "best": self.best,
            "recipe": json.dumps(asdict(self.recipe)),
            "sources": json.dumps(self.sources),
            "torch": torch.get_rng_state(),
            "taught": (list(self._taught), torch.stack([*self._taught.values()]) if self._taught else None),
        }
        unfinished = self.folder / (CHECKPOINT + ".part")
        torch.save(state, unfinished)
        os.replace(unfinished, self.folder / CHECKPOINT)

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True, map_location="cpu")
        origin.refuse_other_run(path, state, asdict(self.recipe), self.sources)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.step = state["place"]
        self.legs, self.scores, self.best = state["legs"], state["scores"], state["best"]
        torch.set_rng_state(state["torch"])
        rows, vectors = state["taught"]
        self._taught = dict(zip(rows, vectors.to(self.device), strict=True)) if rows else {}
        self.report({"resumed": True, "epoch": self.epoch, "step": self.step})


def mean_of(files: tuple[Path, ...]) -> dict[str, torch.Tensor]:
    """The mean of the networks in these files, weight by weight."""
    states = [torch.load(path, weights_only=True, map_location="cpu")["network"] for path in files]
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def _average(most: float) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
    """The exponential average; over fewer steps at the start, so that the first weights do not linger."""

    def averaged(old: torch.Tensor, new: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        kept = torch.clamp((1 + steps) / (10 + steps), max=most)
        return old + (new - old) * (1 - kept)

    return averaged
