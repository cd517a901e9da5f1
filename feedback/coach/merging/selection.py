"""Exact order statistics of magnitudes: of a stream that is seen a few times, and of rows in memory.

Non-negative floats are ordered as their bits are, so that a radix search over 16 bits at a time finds the
k-th largest of any number of entries in two passes (float32) with 256 KiB of counts, and without sorting.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import torch

_DIGIT = 16
_VALUES = 1 << _DIGIT


@dataclass
class Bound:
    """The k-th largest: entries above `threshold` are among the k, and the first `quota` of the `equal`
    ones.
    """

    threshold: float
    quota: int
    equal: int
    seen: int = 0

    def take(self, sizes: torch.Tensor) -> torch.Tensor:
        """Which of the next rows' magnitudes are among the k largest, a mask of their shape."""
        if self.quota == self.equal:
            return sizes >= self.threshold
        if self.seen >= self.quota:
            return sizes > self.threshold
        same = sizes == self.threshold
        before, self.seen = self.seen, self.seen + int(same.count_nonzero())
        if self.seen <= self.quota:
            return sizes >= self.threshold
        place = same.reshape(-1).cumsum(0).reshape(same.shape) + before
        return (sizes > self.threshold) | (same & (place <= self.quota))


class Selection:
    """The k-th largest magnitudes of a stream, for several k: feed all of it, narrow, `passes` times over."""

    def __init__(self, ranks: list[int], size: int, dtype: torch.dtype) -> None:
        self.size = size
        self.passes = torch.finfo(dtype).bits // _DIGIT
        self._whole = torch.int32 if dtype == torch.float32 else torch.int64
        self._dtype = dtype
        self._ranks = list(ranks)
        self._left = list(ranks)  # rank within the prefix found so far
        self._prefixes = [0 for _ in ranks]
        self._equal = [0 for _ in ranks]
        self._digit = 0
        self._counts: dict[int, np.ndarray] = {}
        self._adding = threading.Lock()

    def feed(self, sizes: torch.Tensor) -> None:
        """`sizes`: magnitudes of the stream's type, >= 0, in any order; from any thread."""
        bits = sizes.contiguous().reshape(-1).view(self._whole)
        shift = _DIGIT * (self.passes - 1 - self._digit)
        for prefix in {self._prefixes[place] for place in self._sought()}:
            digits = bits >> shift
            if self._digit:
                digits = digits[(digits >> _DIGIT) == prefix] & (_VALUES - 1)
            if digits.device.type == "cpu":
                found = np.bincount(digits.numpy(), minlength=_VALUES)
            else:
                found = torch.bincount(digits, minlength=_VALUES).cpu().numpy()
            with self._adding:
                self._counts[prefix] = self._counts.get(prefix, 0) + found

    def narrow(self) -> None:
        """Ends a pass."""
        for place in self._sought():
            # How many entries have this digit or a larger one, by digit from the largest.
            above = np.cumsum(self._counts[self._prefixes[place]][::-1])
            at = int(np.searchsorted(above, self._left[place]))
            self._left[place] -= int(above[at - 1]) if at else 0
            self._equal[place] = int(above[at] - (above[at - 1] if at else 0))
            self._prefixes[place] = self._prefixes[place] << _DIGIT | (_VALUES - 1 - at)
        self._counts = {}
        self._digit += 1

    def _sought(self) -> list[int]:
        """Places of the ranks that lie inside the stream; the others need no search."""
        return [place for place, rank in enumerate(self._ranks) if 0 < rank < self.size]

    def bounds(self) -> list[Bound]:
        """After the last pass; a rank of 0 takes nothing, a rank of the size takes all."""
        found = []
        for rank, prefix, left, equal in zip(
            self._ranks, self._prefixes, self._left, self._equal, strict=True
        ):
            if rank <= 0:
                found.append(Bound(float("inf"), 0, 0))
            elif rank >= self.size:
                found.append(Bound(0.0, 0, 0))
            else:
                bits = torch.tensor([prefix], dtype=self._whole)
                found.append(Bound(float(bits.view(self._dtype)), left, equal))
        return found


def row_order(values: torch.Tensor, positions: list[int]) -> torch.Tensor:
    """Of each row of [rows, width], the entries that would stand at the positions if it were sorted upward:
    [rows, positions]."""
    if values.device.type == "cpu":
        parted = np.partition(values.numpy(), sorted(set(positions)), axis=1)
        return torch.from_numpy(np.ascontiguousarray(parted[:, positions]))
    return values.sort(dim=1).values[:, positions]


def row_median(values: torch.Tensor) -> torch.Tensor:
    """[rows, 1]; the mean of the two in the middle for an even width."""
    width = values.shape[1]
    return row_order(values, [(width - 1) // 2, width // 2]).mean(dim=1, keepdim=True)
