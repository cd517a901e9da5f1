"""Words as numbers, twice: as themselves, and as classes of words that stand between the same neighbours.

Few words are seen often enough to know what may follow them; their class is. A word that is in neither list
stands as its ending ("~ing").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

ENDINGS = ("ing", "ed", "ly", "s", "er", "'s", "y", "e")
SIGNS = ("<s>", "</s>", "#", "~", *(f"~{ending}" for ending in ENDINGS))
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*|[.,;:?!…]|\d+")


def tokens(text: str) -> list[str]:
    """Lower-case words, numbers and signs."""
    return _TOKEN.findall(text.lower().replace("’", "'").replace("—", ",").replace(" - ", ", "))


class Vocabulary:
    """`known`: signs and words; `classes` int [known]: the class that each stands for."""

    def __init__(self, known: Sequence[str], classes: np.ndarray) -> None:
        self.known = list(known)
        self.classes = classes
        self._number = {word: at for at, word in enumerate(self.known)}

    @property
    def size(self) -> int:
        return len(self.known)

    @property
    def class_count(self) -> int:
        return int(self.classes.max()) + 1

    def ids(self, line: Sequence[str]) -> list[int]:
        return [self._number[word] if word in self._number else self._number[sign(word)] for word in line]

    @classmethod
    def learn(cls, lines: Sequence[Sequence[str]], *, least: int, own: int, shared: int) -> Vocabulary:
        """`least`: how often a word has to occur to be known; the `own` most frequent ones are classes of
        their own, the rest share `shared` classes."""
        often = Counter(word for line in lines for word in line if not word.isdigit())
        words = [word for word, count in sorted(often.items(), key=lambda x: (-x[1], x[0])) if count >= least]
        known = [*SIGNS, *words]
        kept = len(SIGNS) + own
        classes = np.arange(len(known))
        made = cls(known, classes)
        rows = _neighbours([made.ids(line) for line in lines], len(known), kept)
        # Endings are placed among the words they stand for, so that they share a class with them.
        first = len(SIGNS) - len(ENDINGS) - 1
        movable = np.array([*range(first, len(SIGNS)), *range(kept, len(known))])
        weights = np.sqrt(np.array([often[known[at]] or 10 for at in movable], dtype=float))
        groups = _grouped(rows[movable], weights, shared)
        classes = classes.copy()
        classes[movable] = groups + kept
        _, classes = np.unique(classes, return_inverse=True)
        return cls(known, _starting_with_signs(classes))


def sign(word: str) -> str:
    if word.isdigit():
        return "#"
    ending = next((one for one in ENDINGS if len(word) > len(one) + 2 and word.endswith(one)), "")
    return f"~{ending}"


def _starting_with_signs(classes: np.ndarray) -> np.ndarray:
    """START and END are the first numbers among the classes too."""
    order = list(dict.fromkeys(classes.tolist()))
    place = {old: new for new, old in enumerate(order)}
    return np.array([place[one] for one in classes.tolist()])


def _neighbours(lines: Sequence[Sequence[int]], size: int, kept: int) -> np.ndarray:
    """How often each word stands before and behind each of the `kept` first ones: square roots of shares."""
    counts = np.zeros((size, 2 * (kept + 1)))
    for line in lines:
        ids = [0, *line, 1]
        for before, word, after in zip(ids, ids[1:], ids[2:], strict=False):
            counts[word, min(before, kept)] += 1
            counts[word, kept + 1 + min(after, kept)] += 1
    return np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def _grouped(rows: np.ndarray, weights: np.ndarray, groups: int, rounds: int = 25) -> np.ndarray:
    """k-means of the rows' 30 strongest directions; the same on every run."""
    left, strength, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    points = left[:, :30] * strength[:30]
    # Beginnings far apart: each the point that the others explain worst.
    centres = [points[int(weights.argmax())]]
    far = ((points - centres[0]) ** 2).sum(axis=1)
    for _ in range(groups - 1):
        centres.append(points[int((far * weights).argmax())])
        far = np.minimum(far, ((points - centres[-1]) ** 2).sum(axis=1))
    middle = np.array(centres)
    for _ in range(rounds):
        group = ((points[:, None] - middle[None]) ** 2).sum(axis=2).argmin(axis=1)
        for at in range(groups):
            mine = group == at
            if mine.any():
                middle[at] = np.average(points[mine], axis=0, weights=weights[mine])
    return group
