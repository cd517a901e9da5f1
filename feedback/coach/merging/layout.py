"""Where every tensor of the output will stand: shards, offsets and headers, known before anything is
merged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import torch

NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


@dataclass(frozen=True)
class Place:
    """A tensor's place: its shard, the offset of its first byte in it, and how it is stored."""

    shard: str
    offset: int
    size: int
    dtype: torch.dtype
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """`headers`: each shard's first bytes; `sizes`: its length when it is whole."""

    places: dict[str, Place]
    headers: dict[str, bytes]
    sizes: dict[str, int]

    @property
    def total(self) -> int:
        return sum(place.size for place in self.places.values())

    def index(self) -> str | None:
        """model.safetensors.index.json, where there is more than one shard."""
        if len(self.headers) < 2:
            return None
        mapped = {name: place.shard for name, place in self.places.items()}
        return json.dumps({"metadata": {"total_size": self.total}, "weight_map": mapped}, indent=1) + "\n"


def laid_out(tensors: dict[str, tuple[torch.dtype, tuple[int, ...]]], shard_bytes: int) -> Layout:
    """Tensors in order into shards of at most `shard_bytes`, or of one tensor that is larger."""
    shards: list[list[str]] = [[]]
    filled = 0
    for name, (dtype, shape) in tensors.items():
        size = _bytes(dtype, shape)
        if shards[-1] and filled + size > shard_bytes:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += size
    places: dict[str, Place] = {}
    headers, sizes = {}, {}
    for number, names in enumerate(shards, start=1):
        count = len(shards)
        shard = "model.safetensors" if count == 1 else f"model-{number:05d}-of-{count:05d}.safetensors"
        header, starts, end = _header({name: tensors[name] for name in names})
        headers[shard], sizes[shard] = header, len(header) + end
        for name, start in starts.items():
            dtype, shape = tensors[name]
            places[name] = Place(shard, len(header) + start, _bytes(dtype, shape), dtype, shape)
    return Layout(places, headers, sizes)


def _header(tensors: dict[str, tuple[torch.dtype, tuple[int, ...]]]) -> tuple[bytes, dict[str, int], int]:
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    starts, end = {}, 0
    # Wide types first, as the format's own writer does, so that every tensor is aligned.
    for name in sorted(tensors, key=lambda name: -tensors[name][0].itemsize):
        dtype, shape = tensors[name]
        starts[name], end = end, end + _bytes(dtype, shape)
        table[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [starts[name], end]}
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, starts, end


def _bytes(dtype: torch.dtype, shape: tuple[int, ...]) -> int:
    size = dtype.itemsize
    for length in shape:
        size *= length
    return size
