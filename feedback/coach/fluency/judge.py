"""The judge: how surprising a text is, word by word, put together to one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feedback.coach.fluency.ngrams import Trigrams, padded
from feedback.coach.fluency.vocabulary import Vocabulary, tokens


class Reader:
    """Both views of a text, words and classes, each read forwards and backwards."""

    def __init__(self, vocabulary: Vocabulary, words: Trigrams, classes: Trigrams) -> None:
        self.vocabulary = vocabulary
        self.views = [(words, words.backwards()), (classes, classes.backwards())]

    @classmethod
    def learn(cls, lines: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Reader:
        ids = [vocabulary.ids(line) for line in lines]
        classes = [vocabulary.classes[line].tolist() for line in ids]
        return cls(
            vocabulary,
            Trigrams.learn(ids, vocabulary.size),
            Trigrams.learn(classes, vocabulary.class_count),
        )

    def features(self, line: Sequence[str]) -> np.ndarray:
        """float [FEATURES] of a text's tokens, at least one."""
        words = np.array(padded(self.vocabulary.ids(line)))
        found: list[float] = []
        for ids, (forwards, backwards) in zip(
            (words, self.vocabulary.classes[words]), self.views, strict=True
        ):
            found += _view(forwards, backwards, ids)
        return np.array([*found, float(len(line))])


def _view(forwards: Trigrams, backwards: Trigrams, ids: np.ndarray) -> list[float]:
    """Surprises, and how far they lie above what the word costs without context: a rare word in its place is
    no fault, a common one out of place is."""
    ahead = forwards.surprises(ids)[:-1]  # of each token and the first end sign
    common = forwards.commonness(ids)[:-1]
    behind = backwards.surprises(ids[::-1])[:-2][::-1]  # of each token
    excess = ahead - common
    sides = ahead[:-1] + behind - 2 * common[:-1]
    return [
        ahead.mean(),
        excess.mean(),
        sides.mean(),
        *_worst(ahead),
        *_worst(excess),
        *_worst(sides),
        *((excess > bits).mean() for bits in (0, 2)),
        *((sides > bits).mean() for bits in (0, 2)),
        excess[-1],
        ahead[-1],
        np.sort(sides)[-3:].mean(),
    ]


def _worst(values: np.ndarray) -> list[float]:
    """The largest mean of 1, 2, 3 and 4 in a row; of all where there are fewer."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return [
        float((sums[n:] - sums[:-n]).max() / n) if len(values) >= n else float(values.mean())
        for n in (1, 2, 3, 4)
    ]


@dataclass(frozen=True)
class Judge:
    """A logistic regression on the reader's features: `weights` [FEATURES + 1], the last one the offset; a
    text at or above `limit` is rough."""

    reader: Reader
    weights: np.ndarray
    limit: float

    def roughness(self, text: str) -> float:
        """In [0, 1]; 0.0 where there are no tokens."""
        line = tokens(text)
        if not line:
            return 0.0
        found = self.reader.features(line)
        return float(1 / (1 + np.exp(-(found @ self.weights[:-1] + self.weights[-1]))))

    def rough(self, text: str) -> bool:
        return self.roughness(text) >= self.limit

    @classmethod
    def fit(cls, reader: Reader, good: Sequence[str], broken: Sequence[str], *, alarms: float) -> Judge:
        """Both kinds count as much as each other, however many there are; `limit` is set where a share of
        `alarms` of the good ones is refused."""
        rows = np.array([reader.features(tokens(text)) for text in (*good, *broken)])
        told = np.array([0.0] * len(good) + [1.0] * len(broken))
        mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        scaled = np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))])
        share = np.where(told > 0, 0.5 / len(broken), 0.5 / len(good))
        weights = np.zeros(rows.shape[1] + 1)
        penalty = np.append(np.full(rows.shape[1], 1e-2), 1e-9)
        for _ in range(40):  # Newton's steps; the penalty keeps them finite
            chance = 1 / (1 + np.exp(-scaled @ weights))
            slope = scaled.T @ (share * (chance - told)) + penalty * weights
            bend = (scaled.T * (share * chance * (1 - chance))) @ scaled + np.diag(penalty)
            weights = weights - np.linalg.solve(bend, slope)
        plain = np.append(weights[:-1] / spread, weights[-1] - (weights[:-1] * mean / spread).sum())
        scores = [cls(reader, plain, 1.0).roughness(text) for text in good]
        return cls(reader, plain, float(np.quantile(scores, 1 - alarms)))

    def save(self, path: Path) -> None:
        words, classes = (forwards for forwards, _ in self.reader.views)
        np.savez_compressed(
            path,
            known=np.array(self.reader.vocabulary.known),
            classes=self.reader.vocabulary.classes.astype(np.uint16),
            weights=self.weights,
            limit=np.array(self.limit),
            **{
                f"{name}_{what}": array.astype(np.uint16)
                for name, of in (("word", words), ("class", classes))
                for what, array in (("grams", of.grams), ("counts", np.minimum(of.counts, 65_535)))
            },
        )

    @classmethod
    def load(cls, path: Path) -> Judge:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        vocabulary = Vocabulary(arrays["known"].tolist(), arrays["classes"].astype(np.int64))
        words, classes = (
            Trigrams(
                arrays[f"{name}_grams"].astype(np.int64), arrays[f"{name}_counts"].astype(np.int64), size
            )
            for name, size in (("word", vocabulary.size), ("class", vocabulary.class_count))
        )
        return cls(Reader(vocabulary, words, classes), arrays["weights"], float(arrays["limit"]))
