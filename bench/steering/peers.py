"""Contestants: each makes a fresh copy of the model answer a batch, steered in its own way."""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from collections.abc import Callable
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from feedback.coach.steering.blocks import fingerprint
from feedback.coach.steering.injection import Injection
from feedback.coach.steering.vectors import SteeringVector

Prepare = Callable[[int, int], None]  # (batch, number of different strengths)


def make_model(width: int, layers: int) -> Any:
    """A random Llama; its speed is that of a trained one of its size."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=2048,
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=max(4, width // 64),
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


def directions(width: int, layers: int) -> dict[int, torch.Tensor]:
    """One at every layer: the most that steering can cost."""
    generator = torch.Generator().manual_seed(1)
    return {layer: torch.randn(width, generator=generator) for layer in range(layers)}


def ours(model: Any, rows: int) -> Prepare:
    found = directions(model.config.hidden_size, model.config.num_hidden_layers)
    vector = SteeringVector("bench", found, "bench", fingerprint(model))
    injection = Injection(model, {"x": vector}, rows=rows, unbounded=True)

    def prepare(batch: int, different: int) -> None:
        injection.set([{"x": 0.5 + (n % different) / 64} for n in range(batch)])

    return prepare


def repeng(model: Any, rows: int) -> Prepare | None:
    """repeng 0.4.0 from the folder REPENG_PATH; None where it is not. It knows one strength per batch."""
    folder = os.environ.get("REPENG_PATH")
    if not folder:
        return None
    import numpy

    sys.path.insert(0, folder)
    if not hasattr(numpy, "float_"):
        numpy.float_ = numpy.float64  # written for an older numpy
    if "gguf" not in sys.modules and importlib.util.find_spec("gguf") is None:
        sys.modules["gguf"] = types.ModuleType("gguf")
    from repeng import ControlModel, ControlVector

    layers = model.config.num_hidden_layers
    found = directions(model.config.hidden_size, layers)
    vector = ControlVector("llama", {n: (one / one.norm()).numpy() for n, one in found.items()})
    control = ControlModel(model, list(range(layers)))

    def prepare(batch: int, different: int) -> None:
        control.set_control(vector, 0.5)

    return prepare
