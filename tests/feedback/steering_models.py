"""Tiny random models of five families, and a toy whose laws are planted. Nothing is downloaded."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from transformers import (
    AutoModelForCausalLM,
    GemmaConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
)

from feedback.coach.steering.blocks import fingerprint
from feedback.coach.steering.pairs import Behaviour, Pair, Reference
from feedback.coach.steering.vectors import SteeringVector

CONFIGS = {
    "llama": LlamaConfig,
    "qwen2": Qwen2Config,
    "mistral": MistralConfig,
    "gemma": GemmaConfig,
    "gpt_neox": GPTNeoXConfig,
}
WIDTH = 32


def tiny(family: str = "llama", layers: int = 3, seed: int = 0, width: int = WIDTH) -> Any:
    extra = {} if family == "gpt_neox" else {"num_key_value_heads": 2}
    if family == "gemma":
        extra["head_dim"] = 8
    torch.manual_seed(seed)
    config = CONFIGS[family](
        vocab_size=64,
        hidden_size=width,
        intermediate_size=48,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=96,
        eos_token_id=None,
        bos_token_id=None,
        pad_token_id=0,
        initializer_range=0.2,  # so that different prompts are answered differently
        **extra,
    )
    return AutoModelForCausalLM.from_config(config).eval()


def vector(model: Any, layers: tuple[int, ...] = (1,), seed: int = 1, **fields: Any) -> SteeringVector:
    generator = torch.Generator().manual_seed(seed)
    directions = {layer: torch.randn(model.config.hidden_size, generator=generator) for layer in layers}
    return SteeringVector("test", directions, "tiny", fingerprint(model), **fields)


# The planted laws: B = tanh(A·r + B0), P = 1/(1 + LOSS + LOSS·CURVE·r²).
A, B0, LOSS, CURVE = 0.8, -0.3, 0.25, 0.2
P0 = 1 / (1 + LOSS)
K = (1 - P0) * CURVE
PLUS, MINUS, REF, RIVAL = 91, 92, 93, 94


class Output(NamedTuple):
    logits: torch.Tensor


class Planted(torch.nn.Module):
    """Two blocks that pass their input on, and a head that reads the dial off the first coordinate.

    Tokens 1-40 are prompts of pairs, 41-80 those of references; each differs a little in the planted values,
    by noise that adds up to nothing.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.config = SimpleNamespace(num_hidden_layers=2, hidden_size=8, _name_or_path="planted")
        self.model = torch.nn.Module()
        self.model.layers = torch.nn.ModuleList(torch.nn.Linear(8, 8, bias=False) for _ in range(2))
        for block in self.model.layers:
            torch.nn.init.eye_(block.weight)
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(80, 2, generator=generator)
        noise[:40] -= noise[:40].mean(0)
        noise[40:] -= noise[40:].mean(0)
        table = torch.zeros(96, 8)
        table[1:81, 1:3] = noise
        table[41:81, 3] = 1.0
        table[PLUS, 0], table[MINUS, 0] = 1.0, -1.0
        self.table = torch.nn.Parameter(table)

    @property
    def device(self) -> torch.device:
        return self.table.device

    @property
    def dtype(self) -> torch.dtype:
        return self.table.dtype

    def forward(self, input_ids: torch.Tensor, **ignored: Any) -> Output:
        hidden = self.hidden = self.table[input_ids]  # [b, t, 8]
        for block in self.model.layers:
            hidden = self.hidden = block(hidden)
        dial, first, second = hidden[..., 0], hidden[..., 1], hidden[..., 2]
        logits = torch.full((*input_ids.shape, 96), -40.0)
        lean = A * (1 + 0.1 * second) * dial + B0 + 0.05 * first
        asks = hidden[..., 3] > 0.5
        loss = LOSS * (1 + 0.05 * first) * (1 + CURVE * (1 + 0.1 * second) * dial**2)
        logits[..., PLUS] = torch.where(asks, -40.0, lean)
        logits[..., MINUS] = torch.where(asks, -40.0, -lean)
        logits[..., REF] = torch.where(asks, 0.0, -40.0)
        logits[..., RIVAL] = torch.where(asks, loss.log(), -40.0)
        return Output(logits)

    def generate(self, input_ids: torch.Tensor, max_new_tokens: int, **ignored: Any) -> torch.Tensor:
        for _ in range(max_new_tokens):
            chances = torch.softmax(self(input_ids).logits[:, -1], dim=-1)
            input_ids = torch.cat([input_ids, torch.multinomial(chances, 1)], dim=1)
        return input_ids


class Words:
    """The toy's tokenizer: a word is its token's number."""

    chat_template = None
    pad_token_id = 0
    eos_token_id = None

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [int(word) for word in text.split()]}


def planted_behaviour(**fields: Any) -> Behaviour:
    pairs = [Pair(str(n), str(PLUS), str(MINUS)) for n in range(1, 41)]
    values = {
        "name": "planted",
        "about": "planted",
        "instruction": "",
        "scored_by": "pairs",
        "fit": tuple(Pair(f"{pair.prompt} 90", pair.positive, pair.negative) for pair in pairs),
        "held_out": tuple(pairs),
        "references": tuple(Reference(str(n), str(REF)) for n in range(41, 81)),
    }
    return Behaviour(**(values | fields))


class Plain:
    """The message is the prompt, and a reply stands as it is."""

    def prompt(self, instruction: str, message: str) -> str:
        return message

    def reply(self, text: str, message: str) -> str:
        return text


def planted_stop(tolerated: float) -> float:
    return math.sqrt(tolerated / (K * (1 - tolerated)))
