"""A random Llama of a few thousand weights with coach-mini's kind of tokenizer, made on the spot."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from feedback.coach.mini.prompting import END, PAD
from feedback.coach.mini.tokenizing import learn_tokenizer, save_tokenizer


@cache
def _core():
    return learn_tokenizer(600, 1, read=150)


def save_mini(folder: Path, seed: int = 0) -> Path:
    core = _core()
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=core.get_vocab_size(),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            pad_token_id=core.token_to_id(PAD),
            eos_token_id=core.token_to_id(END),
            bos_token_id=None,
        )
    )
    model.save_pretrained(folder)
    save_tokenizer(core, folder)
    return folder
