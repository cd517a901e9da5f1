"""Prompts and replies as token rows, and the model's own view of them (teacher-forced)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from feedback.coach.steering.errors import SteeringError


class Form(Protocol):
    """How a model is asked, and how it writes."""

    def prompt(self, instruction: str, message: str) -> str:
        """The text that a reply follows; `instruction` may be empty."""

    def reply(self, text: str, message: str) -> str:
        """A reply to the message as the model would write it."""


@dataclass(frozen=True)
class Row:
    """Token numbers of a prompt and of the reply after it."""

    prompt: tuple[int, ...]
    reply: tuple[int, ...]


@dataclass(frozen=True)
class PlainForm:
    """The tokenizer's chat template, or two plain lines where it has none."""

    tokenizer: Any

    def prompt(self, instruction: str, message: str) -> str:
        if not getattr(self.tokenizer, "chat_template", None):
            return f"{instruction}\n\n{message}\n".lstrip()
        turns = [{"role": "user", "content": f"{instruction}\n\n{message}".strip()}]
        return self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)

    def reply(self, text: str, message: str) -> str:
        return text


def encode(tokenizer: Any, form: Form, message: str, reply: str, instruction: str = "") -> Row:
    """Raises SteeringError for a reply without a token."""
    chat = bool(getattr(tokenizer, "chat_template", None))
    prompt = tokenizer(form.prompt(instruction, message), add_special_tokens=not chat)["input_ids"]
    answer = tokenizer(form.reply(reply, message), add_special_tokens=False)["input_ids"]
    if not prompt or not answer:
        raise SteeringError("a prompt or a reply has no tokens in this model's vocabulary")
    return Row(tuple(prompt), tuple(answer))


def batches(rows: Sequence[Row], size: int) -> Iterator[tuple[list[int], torch.Tensor, torch.Tensor]]:
    """(numbers of the rows, token ids [b, t], attention mask [b, t]), rows of like length together.

    Padded on the right: in a causal model nothing real ever looks at what follows it.
    """
    order = sorted(range(len(rows)), key=lambda n: len(rows[n].prompt) + len(rows[n].reply))
    for start in range(0, len(order), size):
        part = order[start : start + size]
        texts = [rows[n].prompt + rows[n].reply for n in part]
        width = max(map(len, texts))
        ids = torch.zeros(len(part), width, dtype=torch.long)
        mask = torch.zeros(len(part), width, dtype=torch.long)
        for at, text in enumerate(texts):
            ids[at, : len(text)] = torch.tensor(text)
            mask[at, : len(text)] = 1
        yield part, ids, mask


@torch.inference_mode()
def reply_logprobs(model: Any, rows: Sequence[Row], *, batch: int = 16) -> list[torch.Tensor]:
    """Per row, the log-probability of every token of its reply given what stands before it: float32 [n].

    Raises SteeringError when the model gives no numbers.
    """
    found: list[torch.Tensor] = [torch.empty(0)] * len(rows)
    for part, ids, mask in batches(rows, batch):
        logits = model(
            input_ids=ids.to(model.device), attention_mask=mask.to(model.device), use_cache=False
        ).logits
        for at, number in enumerate(part):
            row = rows[number]
            start, end = len(row.prompt), len(row.prompt) + len(row.reply)
            scores = torch.log_softmax(logits[at, start - 1 : end - 1].float(), dim=-1)
            reply = torch.tensor(row.reply, device=scores.device).unsqueeze(-1)
            found[number] = scores.gather(-1, reply).squeeze(-1).cpu()
    if any(not torch.isfinite(row).all() for row in found):
        raise SteeringError("the model gives scores that are not numbers")
    return found


@torch.inference_mode()
def next_logits(model: Any, rows: Sequence[Row], *, batch: int = 16) -> torch.Tensor:
    """Logits [rows, vocabulary], float32, that follow each row's prompt (its reply is not shown)."""
    prompts = [Row(row.prompt, ()) for row in rows]
    found: list[torch.Tensor] = [torch.empty(0)] * len(rows)
    for part, ids, mask in batches(prompts, batch):
        logits = model(
            input_ids=ids.to(model.device), attention_mask=mask.to(model.device), use_cache=False
        ).logits
        for at, number in enumerate(part):
            found[number] = logits[at, len(prompts[number].prompt) - 1].float().cpu()
    return torch.stack(found)


@torch.inference_mode()
def sample(
    model: Any, tokenizer: Any, prompts: Sequence[tuple[int, ...]], *, tokens: int, seed: int, batch: int = 16
) -> list[tuple[int, ...]]:
    """Free replies, drawn at temperature 1. The same seed gives the same draws; the caller's random state
    stays as it was."""
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    ends = {tokenizer.eos_token_id, pad} - {None}
    answers: list[tuple[int, ...]] = []
    with torch.random.fork_rng(devices=[model.device] if model.device.type == "cuda" else []):
        torch.manual_seed(seed)
        for start in range(0, len(prompts), batch):
            part = prompts[start : start + batch]
            width = max(map(len, part))
            ids = torch.full((len(part), width), pad or 0, dtype=torch.long)
            mask = torch.zeros(len(part), width, dtype=torch.long)
            for at, prompt in enumerate(part):
                ids[at, width - len(prompt) :] = torch.tensor(prompt)
                mask[at, width - len(prompt) :] = 1
            output = model.generate(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                max_new_tokens=tokens,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                pad_token_id=pad or 0,
            )
            for row in output[:, width:].tolist():
                end = next((n for n, token in enumerate(row) if token in ends), len(row))
                answers.append(tuple(row[:end]))
    return answers
