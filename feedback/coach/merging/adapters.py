"""LoRA adapters as experts: the base, plus B·A times the adapter's scale, row by row.

Reads what `peft` writes: adapter_config.json and adapter_model.safetensors. The product is taken in float64,
so that rounding it does not hang on how a library divides the work between threads.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from feedback.coach.merging.checkpoints import Tensors, read_json, refuse_pickles
from feedback.coach.merging.errors import MergeError

_PREFIX = "base_model.model."
_FILE = "adapter_model.safetensors"
_PART = re.compile(r"(.+)\.(lora_A|lora_B|lora_embedding_A|lora_embedding_B)(?:\.weight)?$")


class Adapter(Tensors):
    """A LoRA adapter of a model whose tensors have `shapes`. Hu et al. 2022, arXiv 2106.09685.

    Raises MergeError for other kinds of adapter, pickle files, and parts that do not fit the base.
    """

    def __init__(self, folder: Path, what: str, shapes: dict[str, tuple[int, ...]]) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise MergeError(f"{what}: there is no folder {folder}")
        self.config = read_json(folder / "adapter_config.json", what)
        if not (folder / _FILE).is_file():
            refuse_pickles(folder, what)
            raise MergeError(f"{what}: {_FILE} is missing; copy it into {folder.name}")
        _check_kind(self.config, what)
        super().__init__([folder / _FILE], what)
        self._shapes_of_base = shapes
        self._low: dict[str, tuple[str, str, float, bool]] = {}  # A, B, scale, transposed
        self._full: dict[str, str] = {}
        self._sort_out()

    def changes(self, name: str) -> bool:
        return name in self._low or name in self._full

    def delta(self, name: str, first: int, last: int, base: torch.Tensor) -> torch.Tensor:
        """θt − θ0 of some rows, [last − first, width], in `base`'s dtype and place; `base`: those rows."""
        if name in self._full:
            return self.rows(self._full[name], first, last).to(base) - base
        if name not in self._low:
            return torch.zeros_like(base)
        a, b, scale, transposed = self._low[name]
        a, b = self.whole(a).double(), self.whole(b).double()  # [r, in], [out, r]
        product = a.T[first:last] @ b.T if transposed else b[first:last] @ a
        return (product * scale).to(base)

    def _sort_out(self) -> None:
        parts: dict[str, dict[str, str]] = {}
        for key in self.names:
            inner = key.removeprefix(_PREFIX)
            found = _PART.match(inner)
            if found:
                parts.setdefault(found[1], {})[found[2].removeprefix("lora_")] = key
            else:  # trained in full: modules_to_save, biases
                self._full[
                    self._in_base(inner.replace(".modules_to_save", "").replace(".base_layer", ""))
                ] = key
        for module, keys in parts.items():
            weight = self._in_base(f"{module}.weight")
            self._low[weight] = self._product(module, keys)
        for name, key in self._full.items():
            if self.shape(key) != self._shapes_of_base[name]:
                raise MergeError(f"{self.what}: {name} has another shape than in the base")

    def _product(self, module: str, keys: dict[str, str]) -> tuple[str, str, float, bool]:
        embedding = "embedding_A" in keys
        try:
            a, b = (keys["embedding_A"], keys["embedding_B"]) if embedding else (keys["A"], keys["B"])
        except KeyError:
            raise MergeError(f"{self.what}: {module} has only one half of its LoRA; copy it again") from None
        transposed = embedding or bool(self.config.get("fan_in_fan_out"))
        shape = (self.shape(b)[0], self.shape(a)[1])
        if transposed:
            shape = shape[::-1]
        if len(self.shape(a)) != 2 or shape != self._shapes_of_base[f"{module}.weight"]:
            raise MergeError(f"{self.what}: {module} does not fit the base: the adapter is of another model")
        return a, b, self._scale(module, self.shape(a)[0]), transposed

    def _scale(self, module: str, rank: int) -> float:
        alpha = self.config.get("lora_alpha", rank)
        for pattern, value in (self.config.get("alpha_pattern") or {}).items():
            if re.fullmatch(rf"(?:.*\.)?(?:{pattern})", module):
                alpha = value
                break
        return alpha / rank**0.5 if self.config.get("use_rslora") else alpha / rank

    def _in_base(self, name: str) -> str:
        if name not in self._shapes_of_base:
            raise MergeError(f"{self.what}: the base has no {name}: the adapter is of another model")
        return name


def _check_kind(config: dict[str, Any], what: str) -> None:
    if str(config.get("peft_type", "LORA")).upper() != "LORA":
        raise MergeError(f"{what} is an adapter of the kind {config['peft_type']}; only LoRA can be merged")
    for key in ("use_dora", "megatron_config", "use_qalora", "trainable_token_indices"):
        if config.get(key):
            raise MergeError(f"{what} uses {key}, which is more than LoRA; merge it into its base with peft")
