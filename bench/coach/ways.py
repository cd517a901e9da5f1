"""The ways of answering the same prompts: one after the other, our loop, and transformers' own manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig

from feedback.coach.batching import Asked, Loop
from feedback.coach.engine import CoachConfig, is_mini, load_model, prompt
from feedback.coach.mini.prompting import TEMPERATURE
from feedback.coach.reply_prompt import EngineError, RewordRequest
from feedback.coach.sampling import Draw

# From the prompts and how many may run at once to the tokens of each answer.
Way = Callable[[Sequence[Asked], int], list[list[int]]]


@dataclass(frozen=True)
class Subject:
    """A model and prompts for it; `ends` is empty where every answer is to have the same length."""

    model: Any
    ends: tuple[int, ...]
    pad: int
    asked: list[Asked]


def subject(name: str, requests: int, tokens: int, *, to_the_end: bool) -> Subject:
    """Held-out messages put to the model of `name`, one seed each. Raises EngineError."""
    from feedback.coach.corpus.heldout import frozen

    model, tokenizer = load_model(CoachConfig(model=name))
    temperature = TEMPERATURE if is_mini(tokenizer) else 0.7
    asked = []
    for seed, question in enumerate(frozen()[:requests]):
        request = RewordRequest(question.seeker, question.volunteer, question.technique, "", seed)
        special = not tokenizer.chat_template
        ids = tokenizer(prompt(tokenizer, request), add_special_tokens=special)["input_ids"]
        asked.append(Asked(tuple(ids), Draw(seed, temperature, 0.9), tokens, 600.0))
    ends = (tokenizer.eos_token_id,) if to_the_end else ()
    return Subject(model, ends, tokenizer.pad_token_id, asked)


def one_by_one(subject: Subject) -> Way:
    """`model.generate` for each prompt, sampled as it samples."""

    def way(asked: Sequence[Asked], at_once: int) -> list[list[int]]:
        found = []
        with torch.inference_mode():
            for one in asked:
                ids = torch.tensor([one.ids], device=subject.model.device)
                torch.manual_seed(one.draw.seed)
                output = subject.model.generate(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=one.new_tokens,
                    do_sample=True,
                    temperature=one.draw.temperature,
                    top_p=one.draw.top_p,
                    top_k=0,
                    pad_token_id=subject.pad,
                    eos_token_id=list(subject.ends) or -1,
                )
                found.append(output[0, len(one.ids) :].tolist())
        return found

    return way


def ours(subject: Subject) -> Way:
    def way(asked: Sequence[Asked], at_once: int) -> list[list[int]]:
        loop = Loop(subject.model, rows=at_once, waiting=len(asked), ends=subject.ends, pad=subject.pad)
        tickets = [loop.submit(one) for one in asked]
        loop.finish(tickets)
        if failed := next((ticket.error for ticket in tickets if ticket.error), None):
            raise failed
        # The token that ends an answer is generated as well, and generate's answers hold it.
        return [
            ticket.tokens + ([subject.ends[0]] if len(ticket.tokens) < ticket.asked.new_tokens else [])
            for ticket in tickets
        ]

    return way


def manager(subject: Subject) -> Way:
    """transformers' ContinuousBatchingManager, sampled as it samples: no seed of a request's own."""

    def way(asked: Sequence[Asked], at_once: int) -> list[list[int]]:
        first = asked[0]
        config = GenerationConfig(
            max_new_tokens=first.new_tokens,
            do_sample=True,
            temperature=first.draw.temperature,
            top_p=first.draw.top_p,
            top_k=0,
            eos_token_id=list(subject.ends) or -1,
            pad_token_id=subject.pad,
        )
        settings = ContinuousBatchingConfig(
            allow_block_sharing=False,
            use_async_batching=False,
            max_batch_tokens=2048,
            num_blocks=512,
            page_size=32,
            max_requests_per_batch=at_once,
        )
        attention = subject.model.config._attn_implementation
        running = subject.model.init_continuous_batching(
            generation_config=config, continuous_batching_config=settings
        )
        running.start()
        try:
            names = [running.add_request(list(one.ids)) for one in asked]
            found: dict[str, list[int]] = {}
            while len(found) < len(names):
                result = running.get_result(timeout=60)
                if result is None:
                    raise EngineError("the manager gave no answer")
                found[result.request_id] = list(result.generated_tokens)
            return [found[name] for name in names]
        finally:
            running.stop(block=True)
            subject.model.set_attn_implementation(attention)

    return way
