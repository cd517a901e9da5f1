"""Training in legs: the same weights come out however the steps are divided among calls."""

from __future__ import annotations

import copy
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from feedback.coach.corpus.library import corpus_version
from feedback.coach.mini.batches import IGNORED, Batches
from feedback.coach.mini.notes import NOTE
from feedback.coach.mini.prompting import END, PAD, STYLE
from feedback.coach.mini.tokenizing import READ, learn_tokenizer, save_tokenizer

CHECKPOINT = "checkpoint.pt"
SAVE_EVERY = 300.0  # seconds between checkpoints within a leg
REPORT_EVERY = 25  # steps


@dataclass(frozen=True)
class Recipe:
    """All that the weights depend on. `rows`: exchanges per step; `rate`: peak of the learning rate."""

    seed: int = 7
    steps: int = 4_000
    rows: int = 32
    vocabulary: int = 3000
    width: int = 192
    layers: int = 4
    heads: int = 6
    inner: int = 512
    rate: float = 2e-3
    warmup: int = 100
    decay: float = 0.05


class OtherRecipeError(ValueError):
    """The folder holds the checkpoint of another recipe."""


class Training:
    """One run in `folder`. `report` gets progress as dictionaries; legs on one kind of `device` give the
    same weights however they are divided; `workers` processes write the examples; `tokenizer_reads` is for
    tests."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        report: Callable[[dict], None],
        *,
        device: str = "cpu",
        workers: int = 0,
        tokenizer_reads: int = READ,
    ) -> None:
        self.folder, self.recipe, self.report = folder, recipe, report
        self.device, self.workers = device, workers
        self.stamp = {**asdict(recipe), "corpus": corpus_version(), "style": STYLE}
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer = self._tokenizer(tokenizer_reads)
        self.model = new_model(recipe, self.tokenizer).to(device)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.rate, betas=(0.9, 0.98), weight_decay=recipe.decay
        )
        self.step = 0
        self.tokens = 0
        self.legs: list[float] = []
        self._load()

    def run(self, minutes: float) -> bool:
        """Trains until the recipe's last step (True) or until the minutes are over (False)."""
        started = saved = time.monotonic()
        seen, losses = self.tokens, []
        for ids, targets in self.batches().ahead(self.step, self.workers):
            if time.monotonic() - started >= minutes * 60:
                break
            losses.append(self.learn(ids, targets))
            self.step += 1
            if self.step % REPORT_EVERY == 0:
                pace = (self.tokens - seen) / (time.monotonic() - started)
                loss = float(torch.stack(losses).mean())  # here alone a GPU is waited for
                self.report({"step": self.step, "loss": round(loss, 4), "tokens_per_s": round(pace)})
                losses = []
            if time.monotonic() - saved > SAVE_EVERY:
                self.save((time.monotonic() - started) / 60)
                saved = time.monotonic()
        self.save((time.monotonic() - started) / 60)
        self.legs.append((time.monotonic() - started) / 60)
        return self.step >= self.recipe.steps

    def batches(self) -> Batches:
        return Batches(self.tokenizer, self.recipe.seed, self.recipe.rows, self.recipe.steps)

    def learn(self, ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """One optimizer step; the mean loss [] of a reply's token, in nats. The caller counts the step."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * schedule(self.step, self.recipe)
        ids, targets = ids.to(self.device), targets.to(self.device)
        # Padding stands on the right, so the causal mask alone keeps it from every real token.
        # Half precision pays on a GPU only: a CPU without its own instructions for it is slower with it.
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            hidden = self.model.model(input_ids=ids).last_hidden_state  # [rows, longest, width]
            wanted = targets != IGNORED
            scores = self.model.lm_head(hidden[wanted])  # [reply tokens, vocabulary]
        loss = functional.cross_entropy(scores.float(), targets[wanted])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.tokens += ids.numel()
        return loss.detach()

    def _tokenizer(self, reads: int) -> Any:
        from tokenizers import Tokenizer

        path = self.folder / "tokenizer.json"
        if not path.is_file():
            core = learn_tokenizer(self.recipe.vocabulary, self.recipe.seed, read=reads)
            save_tokenizer(core, self.folder)
        return Tokenizer.from_file(str(path))

    def save(self, minutes: float) -> None:
        """Writes the checkpoint whole; `minutes` is how long the leg has lasted so far."""
        state = {
            "recipe": self.stamp,
            "step": self.step,
            "tokens": self.tokens,
            "legs": [*self.legs, minutes],
            "weights": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        part = self.folder / f"{CHECKPOINT}.part"
        torch.save(state, part)
        os.replace(part, self.folder / CHECKPOINT)

    def _load(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True, map_location=self.device)
        if state["recipe"] != self.stamp:
            raise OtherRecipeError(
                f"{path} belongs to another recipe or corpus: give the same options or another folder"
            )
        self.model.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.tokens, self.legs = state["step"], state["tokens"], state["legs"]


def new_model(recipe: Recipe, tokenizer: Any) -> Any:
    """A Llama with random weights of the recipe's seed."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=recipe.width,
            intermediate_size=recipe.inner,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.heads,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.token_to_id(PAD),
            eos_token_id=tokenizer.token_to_id(END),
            bos_token_id=None,
        )
    )


def schedule(step: int, recipe: Recipe) -> float:
    """Share of the peak rate: a linear warm-up, then half a cosine down to a tenth."""
    if step < recipe.warmup:
        return (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * min(1.0, done)))


def write_model(training: Training) -> None:
    """What the engine loads: half-precision safetensors with configuration, and a note on the training.

    The configuration asks for single precision in memory, as half is slow on a CPU.
    """
    copy.deepcopy(training.model).cpu().half().save_pretrained(training.folder)
    path = training.folder / "config.json"
    config = {**json.loads(path.read_text(encoding="utf-8")), "dtype": "float32"}
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    note = {
        "recipe": asdict(training.recipe),
        "corpus": training.stamp["corpus"],
        "step": training.step,
        "tokens": training.tokens,
        "minutes": round(sum(training.legs), 1),
        "weights": sum(parameter.numel() for parameter in training.model.parameters()),
    }
    (training.folder / NOTE).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
