"""Scores: F1, macro F1 with bootstrap intervals over transcripts, calibration error, temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

DRAWS = 400


def macro_f1(truth: np.ndarray, guess: np.ndarray, labels: int) -> float:
    """Macro F1 over the labels 0..labels-1 that occur in `truth` or `guess`."""
    scores = []
    for label in range(labels):
        hit = int(((truth == label) & (guess == label)).sum())
        total = int((truth == label).sum() + (guess == label).sum())
        if total:
            scores.append(2 * hit / total)
    return float(np.mean(scores)) if scores else 0.0


def binary(truth: np.ndarray, guess: np.ndarray) -> dict[str, float]:
    """Precision, recall and F1 of a present/absent decision; 0 where nothing was there to find."""
    hit = int((truth & guess).sum())
    precision = hit / max(int(guess.sum()), 1)
    recall = hit / max(int(truth.sum()), 1)
    return {"precision": precision, "recall": recall, "f1": 2 * hit / max(int(truth.sum() + guess.sum()), 1)}


def bootstrap(
    groups: Sequence[str], score: Callable[[np.ndarray], float], *, seed: int = 1
) -> tuple[float, float]:
    """95 % percentile interval of `score(rows)` when whole groups (transcripts) are drawn again."""
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(place == number) for number in range(len(names))]
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        chosen = random.integers(len(rows), size=len(rows))
        drawn.append(score(np.concatenate([rows[number] for number in chosen])))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def calibration_error(chance: np.ndarray, truth: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error with bins of equal width (Guo et al. 2017)."""
    if not len(chance):
        return 0.0
    place = np.minimum((chance * bins).astype(int), bins - 1)
    gaps = [
        abs(chance[place == number].mean() - truth[place == number].mean()) * (place == number).mean()
        for number in range(bins)
        if (place == number).any()
    ]
    return float(sum(gaps))


def best_temperature(loss: Callable[[float], float]) -> float:
    """The temperature with the lowest loss on a fixed grid from 0.5 to 3."""
    grid = np.exp(np.linspace(np.log(0.5), np.log(3.0), 41))
    return float(min(grid, key=loss))
