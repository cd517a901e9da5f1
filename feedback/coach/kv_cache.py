"""Keys and values of the rows that are generated together, in one tensor per layer that stays where it is.

All rows end at the same column, each begins where its length puts it, and a column is written once for all
of them: a step copies nothing. Rows stand at 0..n-1; when one leaves, the last one takes its place. Positions
are in the keys already (rotary embeddings), so that columns may be moved.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

ROUND = 64  # columns are made in steps of so many


def plain_attention(model: Any) -> bool:
    """Whether every layer keeps keys and values of all tokens, which is what slots can hold: no sliding
    windows, no recurrent states."""
    try:
        layers = DynamicCache(config=model.config).layers
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


class Slots(Cache):
    """A `transformers` cache of at most `rows` rows, for decoding one token of each row at a time.

    `visible` [rows, 1, 1, columns] is what the model is given: 0 where a row may look, the dtype's lowest
    number before its beginning. Prompts are read with a cache of their own and taken over by `join`.
    """

    def __init__(self, rows: int) -> None:
        super().__init__(layers=[])
        self.rows = rows
        self.count = 0
        self.end = 0  # the column that the next token is written to
        self.lengths: list[int] = []
        self.columns = 0
        self._keys: list[torch.Tensor] = []  # by layer: [rows, heads, columns, width]
        self._values: list[torch.Tensor] = []
        self._mask: torch.Tensor | None = None  # [rows, columns]
        self._begin = 0

    def join(self, read: DynamicCache, lengths: list[int], room: int) -> None:
        """Takes over prompts [n, heads, tokens, width] that were padded on the left; `room` is how many
        tokens any row may still write."""
        longest = max(lengths)
        end = max([longest, *self.lengths])
        first, after = self.count, self.count + len(lengths)
        remake = end + room > self.columns
        moved: list[tuple[torch.Tensor, torch.Tensor]] = []
        if first and (remake or end != self.end):
            moved = [(keys.clone(), values.clone()) for keys, values in self._in_use()]
        if remake:
            self._make(read, end + room)
        for layer, both in enumerate(zip(self._keys, self._values, strict=True)):
            news = (read.layers[layer].keys, read.layers[layer].values)
            for at, (tensor, new) in enumerate(zip(both, news, strict=True)):
                if moved:
                    width = moved[layer][at].shape[2]
                    tensor[:first, :, end - width : end] = moved[layer][at]
                tensor[first:after, :, end - longest : end] = new[:, :, -longest:]
        self.lengths += lengths
        self.count, self.end = after, end
        self._fill_mask()

    def leave(self, row: int, *, broken: bool = False) -> None:
        """`broken` wipes what the row held: a number that is none would reach whoever comes after it, since
        masked columns are multiplied too."""
        last = self.count - 1
        for tensor in (*self._keys, *self._values):
            if broken:
                tensor[row].zero_()
            if row != last:
                tensor[row, :, self._begin : self.end] = tensor[last, :, self._begin : self.end]
        self._mask[row] = self._mask[last]
        self.lengths[row] = self.lengths[last]
        self.lengths.pop()
        self.count = last
        self._begin = self.end - max(self.lengths, default=0)

    def advance(self) -> None:
        """After a step: its column is written."""
        self.end += 1
        self.lengths = [length + 1 for length in self.lengths]

    def visible(self) -> torch.Tensor:
        """For the step that writes column `end`: [rows, 1, 1, columns in use]."""
        return self._mask[: self.count, None, None, self._begin : self.end + 1]

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = self._keys[layer_idx], self._values[layer_idx]
        keys[: self.count, :, self.end] = key_states[:, :, 0]
        values[: self.count, :, self.end] = value_states[:, :, 0]
        begin, end = self._begin, self.end + 1
        return keys[: self.count, :, begin:end], values[: self.count, :, begin:end]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self.end - self._begin

    def _in_use(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        rows, columns = slice(self.count), slice(self._begin, self.end)
        return [
            (keys[rows, :, columns], values[rows, :, columns])
            for keys, values in zip(self._keys, self._values, strict=True)
        ]

    def _make(self, read: DynamicCache, columns: int) -> None:
        self.columns = -(-columns // ROUND) * ROUND
        # Zeros and not what lay in memory: masked columns are multiplied too, and NaN times 0 is NaN.
        self._keys = [self._room(layer.keys) for layer in read.layers]
        self._values = [self._room(layer.values) for layer in read.layers]
        self._mask = self._keys[0].new_zeros((self.rows, self.columns))

    def _room(self, like: torch.Tensor) -> torch.Tensor:
        return like.new_zeros((self.rows, like.shape[1], self.columns, like.shape[3]))

    def _fill_mask(self) -> None:
        self._begin = self.end - max(self.lengths)
        self._mask.zero_()
        lowest = torch.finfo(self._mask.dtype).min
        for row, length in enumerate(self.lengths):
            self._mask[row, : self.end - length] = lowest
