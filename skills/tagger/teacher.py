"""A larger encoder fine-tuned on the same examples, whose opinion the small one then learns from.

Knowledge distillation (Hinton et al. 2015): where a corpus says only "one of these codes", and on text nobody
labelled, the teacher's probabilities say more than the label. Any `transformers` encoder will do; nothing
of it is shipped. Training only: imports torch and transformers.

**With too little time the weights depend on the clock**: where the share of the time that is gone runs ahead
of the share of the steps, it sets the learning rate, and where it is gone, training ends. `Teacher.ended`
says whether that was so. With time enough, seed and examples decide alone (on one kind of processor).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from skills.corpora.example import Example
from skills.corpora.maps import READOUTS
from skills.tagger import batches, device, evaluation, origin, targets
from skills.tagger.heads import N_OUTPUTS
from skills.tagger.loss import tag_loss
from skills.tagger.scoring import Scored

CHECKPOINT = "teacher.pt"
MESSAGE_LIMIT, PREVIOUS_CHARACTERS, LIMIT = 80, 180, 128
SHARES = batches.SHARES | {"own": 2.0}


@dataclass(frozen=True, slots=True)
class TeacherRecipe:
    seed: int = 7
    epochs: int = 2
    max_minutes: float = 60.0
    rate: float = 5e-5
    head_rate: float = 5e-4
    warmup: float = 0.06
    decay: float = 0.01
    dropout: float = 0.1
    frozen_layers: int = 5
    tokens_per_batch: int = 1200
    checkpoint_minutes: float = 10.0


class TeacherNetwork(nn.Module):
    """A pretrained encoder, mean over the message's tokens, and a head with our outputs."""

    def __init__(self, encoder: Path, recipe: TeacherRecipe) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(str(encoder), dtype=torch.float32)
        width = self.encoder.config.hidden_size
        self.head_in, self.head_out = nn.Linear(width, width), nn.Linear(width, N_OUTPUTS)
        self.dropout = recipe.dropout
        for part in [self.encoder.embeddings, *self.encoder.encoder.layer[: recipe.frozen_layers]]:
            part.requires_grad_(False)

    def forward(self, ids: Tensor, mask: Tensor, message: Tensor) -> Tensor:
        """Logits [n, outputs] of ids [n, length]; `message` [n, length] marks the tokens to average."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        weight = message / message.sum(1, keepdim=True)
        pooled = torch.einsum("nl,nlw->nw", weight, states)
        hidden = F.dropout(F.gelu(self.head_in(pooled)), self.dropout, self.training)
        return self.head_out(hidden).float()


class Teacher:
    """One teacher in training: `folder` holds its checkpoint, so that a broken run goes on where it was.

    `train` raises OtherRecipeError where that is of another recipe, encoder or other examples.
    """

    def __init__(
        self, encoder: Path, folder: Path, recipe: TeacherRecipe, report: Callable[[dict], None]
    ) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(recipe.seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.recipe, self.report = folder, recipe, report
        self.tokenizer = AutoTokenizer.from_pretrained(str(encoder))
        self.device = device.best()
        self.network = TeacherNetwork(encoder, recipe).to(self.device)
        named = [(n, p) for n, p in self.network.named_parameters() if p.requires_grad]
        groups = [
            {"params": [p for n, p in named if not n.startswith("head")], "top": recipe.rate},
            {"params": [p for n, p in named if n.startswith("head")], "top": recipe.head_rate},
        ]
        self.optimizer = torch.optim.AdamW(groups, fused=True, weight_decay=recipe.decay)
        self.epoch, self.step, self.total, self.seconds = 0, 0, 0, 0.0
        self.clocked, self.late = 0, False  # steps whose rate the clock set; whether it ended them
        self.sources = {"encoder": origin.of_files(sorted(p for p in encoder.iterdir() if p.is_file()))}

    @property
    def ended(self) -> dict[str, Any]:
        """What a report says of the end: by the "epochs" or the "time limit", and how many steps had their
        learning rate from the clock. Other than by the epochs with none, the weights depend on the clock."""
        return {"ended_by": "time limit" if self.late else "epochs", "steps_by_the_clock": self.clocked}

    def train(self, examples: list[Example]) -> None:
        """Fine-tune to the end of the epochs or of the time."""
        learnt = [example for example in examples if example.split == "train"]
        aims = targets.build(learnt)
        readouts = [torch.from_numpy(targets.readout_mask(name)).to(self.device) for name in READOUTS]
        self.sources["examples"] = origin.of_examples(learnt)
        self._resume()
        self.network.train()
        started, saved = time.monotonic() - self.seconds, time.monotonic()
        losses: list[float] = []
        while self.epoch < self.recipe.epochs:
            plan = self._plan(learnt, self.epoch)
            self.total = self.total or len(plan) * self.recipe.epochs
            for position in range(self.step, len(plan)):
                self.seconds = time.monotonic() - started
                progress = self._progress((self.epoch * len(plan) + position) / self.total)
                if progress >= 1:
                    break
                rows = plan[position]
                batch = batches.gather(aims, [index for index, _ in rows])
                losses.append(self._step(learnt, rows, batch, readouts, progress))
                self.step = position + 1
                if len(losses) % 50 == 0:
                    minutes = round(self.seconds / 60, 1)
                    loss = round(float(np.mean(losses[-50:])), 4)
                    self.report({"progress": round(progress, 4), "loss": loss, "minutes": minutes})
                if time.monotonic() - saved > 60 * self.recipe.checkpoint_minutes:
                    self._save()
                    saved = time.monotonic()
            self.epoch, self.step = self.epoch + 1, 0
        self._save()
        self.network.eval()

    def forget(self) -> None:
        """Remove the checkpoint of a run whose word is kept."""
        (self.folder / CHECKPOINT).unlink(missing_ok=True)

    def _progress(self, done: float) -> float:
        """From 0 to 1 at the end: the share of the steps that are `done`, or of the time where that is more
        than a step ahead of it."""
        gone = self.seconds / (60 * self.recipe.max_minutes)
        self.late = self.late or (gone >= 1 and done < 1)
        if gone < 1 and gone <= done + 1 / self.total:
            return done
        self.clocked += gone < 1
        return max(done, gone)

    def logits(self, examples: list[Example]) -> np.ndarray:
        """float16 [n, outputs]: what the teacher says of each example, with its previous message."""
        self.network.eval()
        said = np.zeros((len(examples), N_OUTPUTS), np.float16)
        rows = self._bucketed([(index, False) for index in range(len(examples))], examples, 4)
        with torch.no_grad(), device.half(self.device):
            for number, batch in enumerate(rows):
                found = self.network(*self._encode([examples[index] for index, _ in batch], batch))
                said[[index for index, _ in batch]] = found.float().cpu().numpy()
                if number % 200 == 199:
                    self.report({"labelled": round((number + 1) / len(rows), 3)})
        return said

    def rows(self, examples: list[Example]) -> list[dict]:
        """The development rows of the teacher itself."""
        return evaluation.table(Scored(examples, self.logits(examples).astype(np.float32)), {"codes": 1.0})

    def _plan(self, examples: list[Example], epoch: int) -> list[list[tuple[int, bool]]]:
        random = np.random.default_rng([self.recipe.seed, epoch])
        chosen = batches.choose(examples, random, SHARES)
        rows = [
            (index, not examples[index].previous or random.random() < batches.CONTEXT_DROPOUT)
            for index in chosen
        ]
        random.shuffle(rows)
        plan = []
        for start in range(0, len(rows), 2000):
            plan.extend(self._bucketed(rows[start : start + 2000], examples, 1))
        random.shuffle(plan)
        return plan

    def _bucketed(self, rows: list, examples: list[Example], times: int) -> list[list[tuple[int, bool]]]:
        """Rows in batches of similar length, by characters: four make about one token."""

        def tokens(row: tuple[int, bool]) -> int:
            example = examples[row[0]]
            before = 0 if row[1] else min(len(example.previous), PREVIOUS_CHARACTERS) // 4
            return 4 + min(len(example.text) // 4, MESSAGE_LIMIT) + before

        most = self.recipe.tokens_per_batch * times
        made, batch = [], []
        for row in sorted(rows, key=tokens):
            if batch and tokens(row) * (len(batch) + 1) > most:
                made.append(batch)
                batch = []
            batch.append(row)
        return [*made, batch] if batch else made

    def _encode(self, examples: list[Example], rows: list[tuple[int, bool]]) -> tuple[Tensor, Tensor, Tensor]:
        """ids, attention mask, message mask [n, length] of a batch."""
        coded, message = [], []
        start, stop = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        for example, (_, alone) in zip(examples, rows, strict=True):
            ids = [start, *self._pieces(example.text)[:MESSAGE_LIMIT], stop]
            message.append(len(ids))
            if example.previous and not alone:
                tail = self._pieces(example.previous[-PREVIOUS_CHARACTERS:])
                ids = [*ids, stop, *tail[-(LIMIT - len(ids) - 2) :], stop]
            coded.append(ids)
        shape = (len(coded), max(map(len, coded)))
        ids = torch.full(shape, self.tokenizer.pad_token_id)
        mask, part = torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
        for row, (line, length) in enumerate(zip(coded, message, strict=True)):
            ids[row, : len(line)] = torch.tensor(line)
            mask[row, : len(line)] = 1
            part[row, :length] = 1
        return ids.to(self.device), mask.to(self.device), part.to(self.device)

    def _pieces(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def _step(self, examples, rows, batch, readouts, progress: float) -> float:
        for group in self.optimizer.param_groups:
            warm = min(1.0, progress / self.recipe.warmup)
            group["lr"] = group["top"] * warm * min(1.0, (1 - progress) / (1 - self.recipe.warmup))
        aim = device.moved(batch, self.device)
        with device.half(self.device):
            logits = self.network(*self._encode([examples[index] for index, _ in rows], rows))
        loss = tag_loss(logits.float(), aim, readouts)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "place": [self.epoch, self.step, self.total, self.seconds, self.clocked, self.late],
            "recipe": json.dumps(asdict(self.recipe)),
            "sources": json.dumps(self.sources),
            "torch": torch.get_rng_state(),
        }
        unfinished = self.folder / (CHECKPOINT + ".part")
        torch.save(state, unfinished)
        os.replace(unfinished, self.folder / CHECKPOINT)

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if path.is_file():
            state = torch.load(path, weights_only=True, map_location="cpu")
            origin.refuse_other_run(path, state, asdict(self.recipe), self.sources)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.epoch, self.step, self.total, self.seconds, self.clocked, self.late = state["place"]
            torch.set_rng_state(state["torch"])
            self.report({"resumed": True, "epoch": self.epoch, "step": self.step})
