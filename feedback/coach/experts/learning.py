"""A fine-tune in legs: by example (cross entropy of the better reply) or by preference (DPO).

Rafailov et al. 2023, arXiv 2305.18290: −log σ(β·((log π/π0)(good) − (log π/π0)(bad))), π0 being the base.
The same weights come out however the steps are divided among calls.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from feedback.coach.experts.arms import Arm
from feedback.coach.experts.asking import Asker, logprobs
from feedback.coach.experts.errors import ExpertsError
from feedback.coach.experts.items import Item
from feedback.coach.experts.origin import FROM, weights_of
from feedback.coach.mini import notes
from feedback.coach.mini.notes import NOTE

CHECKPOINT = "checkpoint.pt"
SAVE_EVERY = 120.0  # seconds
REPORT_EVERY = 25  # steps
Report = Callable[[dict[str, Any]], None]
Load = Callable[[Path], Any]


class Tuning:
    """One arm from `base` into `folder`. `load`: a folder's causal model, in float32 and on its device;
    `experts`: folders that a reward is taken from."""

    def __init__(self, arm: Arm, base: Path, folder: Path, asker: Asker, load: Load, experts: Sequence[Path]):
        self.arm, self.base, self.folder, self.asker = arm, base, folder, asker
        self.model = with_adapter(load(base), arm.lora, arm.seed) if arm.lora else load(base)
        self.model.train()
        self.reference = load(base).eval() if arm.how == "dpo" or arm.reward else None
        self.experts = [load(path).eval() for path in experts] if arm.reward else []
        learnt = [one for one in self.model.parameters() if one.requires_grad]
        self.optimizer = torch.optim.AdamW(learnt, lr=arm.rate, betas=(0.9, 0.98))
        self.step, self.minutes = 0, 0.0
        self.origin = weights_of(base)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._resume()

    def run(self, seconds: float, report: Report) -> bool:
        """Trains until the arm's last step (True: the folder then holds a model) or for so long (False)."""
        started = saved = time.monotonic()
        losses: list[float] = []
        while self.step < self.arm.steps:
            if time.monotonic() - started >= seconds:
                break
            losses.append(self.learn(self.chosen(self.step)))
            self.step += 1
            if self.step % REPORT_EVERY == 0:
                told = {"arm": self.arm.name, "step": self.step, "of": self.arm.steps}
                report({**told, "loss": round(sum(losses) / len(losses), 4)})
                losses = []
            if time.monotonic() - saved > SAVE_EVERY:
                self._save(self.minutes + (time.monotonic() - started) / 60)
                saved = time.monotonic()
        self.minutes += (time.monotonic() - started) / 60
        if self.step < self.arm.steps:
            self._save(self.minutes)
            return False
        self._finish()
        return True

    def chosen(self, step: int) -> list[Item]:
        """A step's items; by reward, those on whose better reply the experts gained most over the base."""
        drawn = self.arm.drawn(step)
        if not self.arm.reward:
            return drawn
        rows = self.asker.rows(drawn, [one.good for one in drawn])
        with torch.no_grad():
            before, count = logprobs(self.reference, rows)
            gained = sum((logprobs(expert, rows)[0] - before) / count for expert in self.experts)
        best = torch.argsort(gained, descending=True, stable=True)[: self.arm.rows]
        return [drawn[place] for place in sorted(best.tolist())]

    def learn(self, items: list[Item]) -> float:
        """One optimizer step; its loss. The caller counts it."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.arm.rate * _schedule(self.step, self.arm)
        loss = self._preference(items) if self.arm.how == "dpo" else self._example(items)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _example(self, items: list[Item]) -> torch.Tensor:
        total, count = logprobs(self.model, self.asker.rows(items, [one.good for one in items]))
        return -total.sum() / count.sum()

    def _preference(self, items: list[Item]) -> torch.Tensor:
        rows = self.asker.rows([*items, *items], [one.good for one in items] + [one.bad for one in items])
        ours = logprobs(self.model, rows)[0]
        with torch.no_grad():
            theirs = logprobs(self.reference, rows)[0]
        good, bad = (ours - theirs).chunk(2)
        return -functional.logsigmoid(self.arm.beta * (good - bad)).mean()

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True, map_location=self.model.device)
        if (state["arm"], state.get(FROM)) != (json.dumps(self.arm.as_dict()), self.origin):
            return  # of another recipe or another base: it starts over
        self.model.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.minutes = state["step"], state["minutes"]

    def _save(self, minutes: float) -> None:
        state = {
            "arm": json.dumps(self.arm.as_dict()),
            FROM: self.origin,
            "step": self.step,
            "minutes": minutes,
            "weights": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        part = self.folder / f"{CHECKPOINT}.part"
        torch.save(state, part)
        os.replace(part, self.folder / CHECKPOINT)

    def _finish(self) -> None:
        (self.folder / NOTE).unlink(missing_ok=True)  # of an earlier recipe: nothing is finished meanwhile
        self.model.save_pretrained(self.folder)
        self.asker.tokenizer.save_pretrained(self.folder)
        note: dict[str, Any] = {
            "arm": self.arm.as_dict(),
            FROM: self.origin,
            "minutes": round(self.minutes, 2),
        }
        if before := notes.read(self.base):  # so that the whole way can be told
            note["base"] = before
        part = self.folder / f"{NOTE}.part"
        part.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
        os.replace(part, self.folder / NOTE)
        (self.folder / CHECKPOINT).unlink(missing_ok=True)


def with_adapter(model: Any, rank: int, seed: int) -> Any:
    """The model with a LoRA adapter of every linear layer but the last, which alone is learnt.

    Raises ExpertsError where peft is not installed."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise ExpertsError("LoRA experts need peft: pip install -e '.[train]'") from error

    torch.manual_seed(seed)  # of the adapter's first weights
    about = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(model, about)


def finished(arm: Arm, folder: Path, base: Path) -> bool:
    """Whether the folder holds this arm, trained to its end from the weights that `base` holds now."""
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        return (note["arm"], note[FROM]) == (arm.as_dict(), weights_of(base))
    except (OSError, ValueError, KeyError):
        return False


def _schedule(step: int, arm: Arm) -> float:
    """Share of the peak rate: a linear warm-up, then linear to a tenth."""
    if step < arm.warmup:
        return (step + 1) / arm.warmup
    return 1 - 0.9 * (step - arm.warmup) / max(1, arm.steps - arm.warmup)
