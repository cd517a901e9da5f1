"""A model folder of safetensors, read through memory maps: nothing is loaded before it is asked for.

Pickle files can run code when they are read, so they never are; nor is any code from a folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from feedback.coach.merging.errors import MergeError

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
}
WHOLE = {"I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8}
WHOLE["BOOL"] = torch.bool
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
# An output layer and the embedding that it is the same as where a model ties them.
TIES = {
    "lm_head.weight": ("model.embed_tokens.weight", "transformer.wte.weight"),
    "embed_out.weight": ("gpt_neox.embed_in.weight",),
}
_INDEX = "model.safetensors.index.json"


class Tensors:
    """Named tensors over one or many safetensors files, each seen as [rows, width].

    A vector is one row; more than two dimensions are flattened behind the first.
    """

    def __init__(self, files: Iterable[Path], what: str) -> None:
        self.what = what
        self.files = list(files)
        self.kinds: dict[str, str] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._handles: dict[str, Any] = {}
        self._views: dict[str, torch.Tensor] = {}
        self._open = ExitStack()
        for path in self.files:
            try:
                handle = self._open.enter_context(safe_open(path, framework="pt"))
                names = list(handle.keys())
            except (SafetensorError, OSError) as error:
                raise MergeError(
                    f"{what}: {path.name} is damaged or cut short ({error}); copy it again"
                ) from error
            for name in names:
                about = handle.get_slice(name)
                self.kinds[name], self._shapes[name] = about.get_dtype(), tuple(about.get_shape())
                self._handles[name] = handle

    @property
    def names(self) -> list[str]:
        return list(self._handles)

    def __contains__(self, name: str) -> bool:
        return name in self._handles

    def shape(self, name: str) -> tuple[int, ...]:
        return self._shapes[name]

    def dtype(self, name: str) -> torch.dtype:
        kind = self.kinds[name]
        return DTYPES.get(kind) or WHOLE[kind]

    def whole(self, name: str) -> torch.Tensor:
        """The tensor as stored, in its own shape; a view of the file."""
        if name not in self._views:
            self._views[name] = self._handles[name].get_tensor(name)
        return self._views[name]

    def rows(self, name: str, first: int, last: int) -> torch.Tensor:
        """[last − first, width] as stored; a view of the file."""
        whole = self.whole(name)
        return whole[first:last].reshape(last - first, -1) if whole.dim() > 1 else whole.reshape(1, -1)

    def close(self) -> None:
        self._views, self._handles = {}, {}
        self._open.close()


def grid(shape: tuple[int, ...]) -> tuple[int, int]:
    """(rows, width) as which a shape is seen."""
    size = 1
    for length in shape:
        size *= length
    return (shape[0], size // shape[0]) if len(shape) > 1 and shape[0] else (1, size)


class Checkpoint(Tensors):
    """A model folder: config.json and model.safetensors, in one file or in shards with an index.

    Raises MergeError for a folder that is none, for pickle files, missing or damaged shards, quantised
    weights, and a model that needs code of its own.
    """

    def __init__(self, folder: Path, what: str) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise MergeError(
                f"{what}: there is no folder {folder}; hub names are not looked up, download it first"
            )
        files, mapped = _weight_files(folder, what)
        super().__init__(files, what)
        lost = [name for name in mapped if name not in self]
        if lost:
            raise MergeError(
                f"{what}: the index names {lost[0]} and {len(lost) - 1} more that no shard has; "
                "copy the folder again"
            )
        self.config = read_json(folder / "config.json", what)
        if self.config.get("auto_map"):
            raise MergeError(f"{what} needs code from its own folder (auto_map), which is never run")
        odd = sorted(set(self.kinds.values()) - set(DTYPES) - set(WHOLE))
        if odd or self.config.get("quantization_config"):
            raise MergeError(
                f"{what} is quantised ({', '.join(odd) or 'by its config'}); merge the original weights"
            )
        self.tied = self._tied()

    def _tied(self) -> dict[str, str]:
        """Embedding by the output layer that is the same tensor: left out of the file, or stored twice."""
        found = {}
        for head, embeddings in TIES.items():
            embedding = next((name for name in embeddings if name in self), None)
            if embedding is None:
                continue
            if head not in self:
                found[head] = embedding
            elif self.config.get("tie_word_embeddings"):
                if self.shape(head) != self.shape(embedding) or not torch.equal(
                    self.whole(head), self.whole(embedding)
                ):
                    raise MergeError(
                        f"{self.what} ties {head} to {embedding} by its config, but stores two different "
                        "tensors; save it again from transformers"
                    )
                found[head] = embedding
                del self._handles[head], self.kinds[head]
        return found


def read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MergeError(f"{what}: {path.name} is missing or cannot be read") from error
    if not isinstance(value, dict):
        raise MergeError(f"{what}: {path.name} is not what it should be")
    return value


def _weight_files(folder: Path, what: str) -> tuple[list[Path], list[str]]:
    """The weight files, and the names that an index promises."""
    index = folder / _INDEX
    if index.is_file():
        mapped = read_json(index, what).get("weight_map")
        if not isinstance(mapped, dict) or not mapped:
            raise MergeError(f"{what}: {_INDEX} has no weight_map; copy the folder again")
        files = sorted(set(mapped.values()))
        if any(Path(name).name != name for name in files):
            raise MergeError(f"{what}: {_INDEX} names files outside of the folder")
        missing = [name for name in files if not (folder / name).is_file()]
        if missing:
            raise MergeError(f"{what}: the shard {missing[0]} is missing; copy it into {folder.name}")
        return [folder / name for name in files], list(mapped)
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"], []
    if (folder / "adapter_config.json").is_file():
        raise MergeError(f"{what} is a LoRA adapter: set adapter = true for it")
    shards = sorted(folder.glob("*.safetensors"))
    if shards:
        raise MergeError(f"{what}: {shards[0].name} is there, but {_INDEX} is missing; copy it, too")
    refuse_pickles(folder, what)
    raise MergeError(f"{what}: {folder.name} has no model.safetensors")


def refuse_pickles(folder: Path, what: str) -> None:
    """Raises MergeError where pickled weights are all there is."""
    for pattern in PICKLES:
        for path in folder.glob(pattern):
            raise MergeError(
                f"{what}: {path.name} is a pickle file, which can run code when read; save the model as "
                "safetensors first (save_pretrained does)"
            )
