"""Which tokens follow which: an interpolated trigram model, read in both directions. Pure numpy.

Witten and Bell's smoothing (Witten & Bell 1991, "The zero-frequency problem"): what was seen behind few
different tokens trusts the shorter context more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

START, END = 0, 1  # numbers of the signs before and behind a text; two of each


class Trigrams:
    """`grams` int [n, 3] over numbers below `size`, and how often each was seen, int [n]."""

    def __init__(self, grams: np.ndarray, counts: np.ndarray, size: int) -> None:
        self.grams, self.counts, self.size = grams, counts, size
        self._three = _Table.of(grams, counts, size)
        self._two = _Table.of(grams[:, 1:], counts, size)
        self._one = _Table.of(grams[:, 2:], counts, size)

    @classmethod
    def learn(cls, lines: Iterable[Sequence[int]], size: int) -> Trigrams:
        found: Counter[tuple[int, int, int]] = Counter()
        for line in lines:
            ids = padded(line)
            found.update(zip(ids, ids[1:], ids[2:], strict=False))
        grams = sorted(found)
        return cls(np.array(grams), np.array([found[gram] for gram in grams]), size)

    def backwards(self) -> Trigrams:
        return Trigrams(self.grams[:, ::-1], self.counts, self.size)

    def surprises(self, ids: np.ndarray) -> np.ndarray:
        """-log2 of each token's chance given the two before it, float [tokens - 2]."""
        gram = np.stack([ids[:-2], ids[1:-1], ids[2:]], axis=1)
        chance = np.full(len(gram), 1.0 / self.size)
        for length, table in enumerate((self._one, self._two, self._three), start=1):
            chance = table.mixed(gram[:, 3 - length :], chance)
        return -np.log2(chance)

    def commonness(self, ids: np.ndarray) -> np.ndarray:
        """-log2 of each token's chance with no context, float [tokens - 2]."""
        return -np.log2(self._one.mixed(ids[2:, None], np.full(len(ids) - 2, 1.0 / self.size)))


class _Table:
    """Counts of grams of one length, their contexts' totals and numbers of kinds, by sorted keys."""

    def __init__(self, size: int, keys: np.ndarray, counts: np.ndarray) -> None:
        self.size, self.keys, self.counts = size, keys, counts
        self.contexts, first = np.unique(keys // size, return_index=True)
        self.totals = np.add.reduceat(counts, first)
        self.kinds = np.diff(np.append(first, len(keys)))

    @classmethod
    def of(cls, grams: np.ndarray, counts: np.ndarray, size: int) -> _Table:
        keys, place = np.unique(_keys(grams, size), return_inverse=True)
        return cls(size, keys, np.bincount(place, weights=counts).astype(np.int64))

    def mixed(self, grams: np.ndarray, shorter: np.ndarray) -> np.ndarray:
        """The chance of each gram's last token, mixed with what the shorter context says."""
        keys = _keys(grams, self.size)
        seen = _looked_up(self.keys, self.counts, keys)
        total = _looked_up(self.contexts, self.totals, keys // self.size)
        kinds = _looked_up(self.contexts, self.kinds, keys // self.size)
        known = np.maximum(total + kinds, 1)
        return np.where(total > 0, (seen + kinds * shorter) / known, shorter)


def padded(line: Sequence[int]) -> list[int]:
    return [START, START, *line, END, END]


def _keys(grams: np.ndarray, size: int) -> np.ndarray:
    keys = np.zeros(len(grams), dtype=np.int64)
    for at in range(grams.shape[1]):
        keys = keys * size + grams[:, at]
    return keys


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The value of each wanted key, 0 where there is none."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
