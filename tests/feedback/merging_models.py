"""Tiny random checkpoints to merge: folders of safetensors made on the spot. Nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig

from feedback.coach.merging.engine import Result, merge
from feedback.coach.merging.recipe import Expert, Group, Recipe

FAMILIES = {"llama": LlamaConfig, "mistral": MistralConfig}
SHAPES = {
    "model.embed_tokens.weight": (24, 16),
    "model.layers.0.mlp.up_proj.weight": (20, 16),
    "model.layers.0.mlp.down_proj.weight": (16, 20),
    "model.norm.weight": (16,),
    "lm_head.weight": (24, 16),
}
State = dict[str, torch.Tensor]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """torch's threads, which are also how many tensors are merged at a time."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


def base_state(seed: int = 0, dtype: torch.dtype = torch.float32, scale: float = 1.0) -> State:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: (scale * torch.randn(shape, generator=generator, dtype=torch.float64)).to(dtype)
        for name, shape in SHAPES.items()
    }


def expert_state(base: State, seed: int, scale: float = 0.1) -> State:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: (one.double() + scale * torch.randn(one.shape, generator=generator, dtype=torch.float64)).to(
            one.dtype
        )
        for name, one in base.items()
    }


def save(folder: Path, state: State, shards: int = 1, **config: Any) -> Path:
    """Writes a model folder, in one file or many."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", **config}))
    names = list(state)
    if shards == 1:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return folder
    mapped = {}
    for number in range(shards):
        file = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        part = names[number::shards]
        save_file({name: state[name] for name in part}, folder / file, metadata={"format": "pt"})
        mapped.update(dict.fromkeys(part, file))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": mapped}))
    return folder


def family(
    folder: Path, kinds: str, experts: int = 3, dtype: torch.dtype = torch.float32, **extra: Any
) -> Any:
    """A base and its experts of one family, as transformers saves them: (base, [expert…])."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 48, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 32}
    config = FAMILIES[kinds](**sizes, **heads, **extra)
    model = AutoModelForCausalLM.from_config(config).to(dtype)
    model.save_pretrained(folder / "base")
    start = {name: one.clone() for name, one in model.state_dict().items()}
    folders = []
    for number in range(experts):
        torch.manual_seed(10 + number)
        model.load_state_dict(start)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.01 * torch.randn_like(parameter)
        folders.append(folder / f"expert-{number}")
        model.save_pretrained(folders[-1])
    return folder / "base", folders


def trio(
    folder: Path, count: int = 3, dtype: torch.dtype = torch.float64
) -> tuple[Path, list[Path], State, list[State]]:
    """Base and experts as folders and as tensors."""
    base = base_state(dtype=dtype)
    states = [expert_state(base, seed) for seed in range(1, count + 1)]
    folders = [save(folder / f"expert-{number}", state) for number, state in enumerate(states)]
    return save(folder / "base", base), folders, base, states


def recipe(
    method: str, base: Path, experts: list[Path], weights: list[float] | None = None, **fields: Any
) -> Recipe:
    groups = tuple(Group(match, own) for match, own in fields.pop("groups", {}).items())
    weights = weights or [1.0] * len(experts)
    chosen = tuple(Expert(path, weight) for path, weight in zip(experts, weights, strict=True))
    return Recipe(method=method, base=base, experts=chosen, groups=groups, **fields)


def merged(output: Path, wanted: Recipe, **options: Any) -> State:
    merge(wanted, output, **options)
    return loaded(output)


def loaded(folder: Path) -> State:
    state: State = {}
    for path in sorted(folder.glob("*.safetensors")):
        state |= load_file(path)
    return state


def result(output: Path, wanted: Recipe, **options: Any) -> Result:
    return merge(wanted, output, **options)
