"""Random Llama-shaped checkpoints in bfloat16: a base and fine-tunes that differ a little from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file


@dataclass(frozen=True)
class Size:
    width: int
    inner: int
    layers: int
    heads: int
    groups: int
    words: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        head = self.width // self.heads
        found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (self.words, self.width)}
        for layer in range(self.layers):
            place = f"model.layers.{layer}"
            found[f"{place}.input_layernorm.weight"] = (self.width,)
            found[f"{place}.post_attention_layernorm.weight"] = (self.width,)
            for name, rows in (("q", self.heads), ("k", self.groups), ("v", self.groups)):
                found[f"{place}.self_attn.{name}_proj.weight"] = (rows * head, self.width)
            found[f"{place}.self_attn.o_proj.weight"] = (self.width, self.heads * head)
            found[f"{place}.mlp.gate_proj.weight"] = (self.inner, self.width)
            found[f"{place}.mlp.up_proj.weight"] = (self.inner, self.width)
            found[f"{place}.mlp.down_proj.weight"] = (self.width, self.inner)
        found["model.norm.weight"] = (self.width,)
        return found

    def parameters(self) -> int:
        return sum(torch.Size(shape).numel() for shape in self.shapes().values())

    def largest(self) -> int:
        """Bytes of the largest tensor as it is stored."""
        return 2 * max(torch.Size(shape).numel() for shape in self.shapes().values())


SIZES = {
    "small": Size(width=256, inner=1024, layers=4, heads=4, groups=2, words=8000),
    "0.1b": Size(width=512, inner=2048, layers=12, heads=8, groups=2, words=64000),
    "0.5b": Size(width=896, inner=4864, layers=24, heads=14, groups=2, words=151936),
}


def make(folder: Path, size: Size, experts: int) -> tuple[Path, list[Path]]:
    """Writes what is not there yet: (base, experts)."""
    base = _write(folder / "base", size, 0, None)
    return base, [_write(folder / f"expert-{number}", size, number, base) for number in range(1, experts + 1)]


def _write(folder: Path, size: Size, seed: int, base: Path | None) -> Path:
    if (folder / "config.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    own = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in size.shapes().items():
        values = torch.randn(shape, generator=generator) * 0.02
        if base is not None:
            values += torch.randn(shape, generator=own) * 0.002
        state[name] = values.to(torch.bfloat16)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": size.width,
        "intermediate_size": size.inner,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.groups,
        "vocab_size": size.words,
        "tie_word_embeddings": True,
        "dtype": "bfloat16",
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder
