"""Runs a session over examples and keeps what evaluation needs: calibrated numbers per example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skills.corpora import own
from skills.corpora.example import GOLD, Example
from skills.corpora.maps import READOUTS
from skills.tagger.deciding import FAMILIES
from skills.tagger.encode import Encoder, Window
from skills.tagger.heads import EMPATHY_HEADS, INDEX, N_CODES, N_OUTPUTS
from skills.tagger.metrics import best_temperature
from skills.taxonomy import CODES

LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.3, 0.7
OWN_WEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class Scored:
    """Examples with their raw logits [n, outputs]: of the strongest pass for codes, as at run time."""

    examples: list[Example]
    logits: np.ndarray

    def select(self, keep: Callable[[Example], bool]) -> Scored:
        rows = [row for row, example in enumerate(self.examples) if keep(example)]
        return Scored([self.examples[row] for row in rows], self.logits[rows])

    def chances(self, temperature: dict[str, float]) -> np.ndarray:
        """Calibrated probabilities [n, codes]."""
        return 1 / (1 + np.exp(-self.logits[:, :N_CODES] / temperature["codes"]))

    def levels(self, head: str) -> np.ndarray:
        """Empathy level [n] of one mechanism."""
        return self._empathy(head).argmax(-1)

    def _empathy(self, head: str) -> np.ndarray:
        first = N_CODES + 3 * EMPATHY_HEADS.index(head)
        return self.logits[:, first : first + 3]


def score(examples: list[Example], encoder: Encoder, run: Callable[[Window], np.ndarray]) -> Scored:
    """Score every example; `run` gives the logits [rows, outputs] of one window."""
    rows = np.zeros((len(examples), N_OUTPUTS), np.float32)
    for place, example in enumerate(examples):
        passes = np.stack([run(window)[0] for window in encoder.windows(example.text, example.previous)])
        rows[place, :N_CODES] = passes[:, :N_CODES].max(0)
        for head in range(len(EMPATHY_HEADS)):
            part = slice(N_CODES + 3 * head, N_CODES + 3 * head + 3)
            levels = passes[:, part]
            rows[place, part] = levels[levels.argmax(-1).argmax()]
    return Scored(examples, rows)


def known(scored: Scored, code: str, *, weak: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(rows, present) where it is settled whether the code is present: exact label or known absent.

    `weak`: also where a corpus with one label a turn names another one, which settles little.
    """
    rows, present = [], []
    for row, example in enumerate(scored.examples):
        if frozenset({code}) in example.positive:
            rows.append(row)
            present.append(True)
        elif code in example.negative and (weak or example.negative_weight >= 1):
            rows.append(row)
            present.append(False)
    return np.array(rows, int), np.array(present, bool)


def family_known(scored: Scored, family: str) -> tuple[np.ndarray, np.ndarray]:
    """(rows, present) where it is settled whether any code of the family is present."""
    codes = frozenset(FAMILIES[family])
    rows, present = [], []
    for row, example in enumerate(scored.examples):
        there = any(codes >= one for one in example.positive)
        if there or (codes <= set(example.negative) and example.negative_weight >= 1):
            rows.append(row)
            present.append(there)
    return np.array(rows, int), np.array(present, bool)


def fit_temperature(val: Scored) -> dict[str, float]:
    """One temperature for the codes and one per empathy mechanism, by log loss on the validation part."""
    parts = [(known(val, code), INDEX[code]) for code in CODES]
    logits = np.concatenate([val.logits[rows, place] for (rows, _), place in parts])
    truth = np.concatenate([present for (_, present), _ in parts])
    signed = np.where(truth, logits, -logits)
    heat = {"codes": best_temperature(lambda t: float(np.logaddexp(0, -signed / t).mean()))}
    for head in EMPATHY_HEADS:
        part = val.select(lambda example, head=head: head in example.empathy)
        levels = np.array([example.empathy[head] for example in part.examples], int)
        heat[head] = best_temperature(lambda t, p=part, y=levels, h=head: _level_loss(p._empathy(h) / t, y))
    return heat


def _level_loss(logits: np.ndarray, levels: np.ndarray) -> float:
    if not len(levels):
        return 0.0
    return float((np.logaddexp.reduce(logits, -1) - logits[np.arange(len(levels)), levels]).mean())


def fit_thresholds(val: Scored, temperature: dict[str, float]) -> dict[str, float]:
    """The threshold of each code with the best weighted F1 on the validation part, within 0.3 and 0.7.

    A threshold fitted to a handful is noise: codes with fewer than 15 validation examples share one, fitted
    to the pairs of all of them. Our own messages are nearest to a practice chat, or are of one, and count
    more; the doubtful negatives of a corpus with one label a turn count less.
    """
    chances = val.chances(temperature)
    pairs = {}
    for code in CODES:
        rows, present = known(val, code, weak=True)
        values = chances[rows, INDEX[code]] if len(rows) else np.zeros(0)
        pairs[code] = (values, present, _weights(val, rows, present))
    found = {code: _best_threshold(*pair) for code, pair in pairs.items() if pair[1].sum() >= 15}
    rest = [pairs[code] for code in CODES if code not in found]
    if rest:
        shared = _best_threshold(*(np.concatenate(column) for column in zip(*rest, strict=True)))
        found |= {code: shared for code in CODES if code not in found}
    return {code: found[code] for code in CODES}


def fit_margin(
    val: Scored, temperature: dict[str, float], thresholds: dict[str, float], share: float = 0.15
) -> float:
    """How far over its threshold, in logits, a tag must be to count as sure: the `share` nearest are not."""
    over = _over(val, temperature, thresholds)
    over = over[over >= 0]
    return round(float(np.quantile(over, share)), 4) if len(over) else 0.0


def _over(scored: Scored, temperature: dict[str, float], thresholds: dict[str, float]) -> np.ndarray:
    """[n, codes]: calibrated logits above the threshold of their code."""
    bars = np.array([np.log(thresholds[code] / (1 - thresholds[code])) for code in CODES])
    return scored.logits[:, :N_CODES] / temperature["codes"] - bars


def _weights(scored: Scored, rows: np.ndarray, present: np.ndarray) -> np.ndarray:
    weights = np.ones(len(rows))
    for place, row in enumerate(rows):
        example = scored.examples[row]
        if example.corpus in (own.NAME, GOLD):
            weights[place] = OWN_WEIGHT
        elif not present[place]:
            weights[place] = example.negative_weight
    return weights


def _best_threshold(values: np.ndarray, present: np.ndarray, weights: np.ndarray) -> float:
    """The middle of the thresholds within 0.003 of the best F1; 0.5 when there is nothing to find."""
    if not present.any():
        return 0.5
    grid = np.arange(LOWEST_THRESHOLD, HIGHEST_THRESHOLD + 1e-9, 0.02)
    wanted = weights[present].sum()
    gains = [2 * weights[(values >= t) & present].sum() / (wanted + weights[values >= t].sum()) for t in grid]
    best = np.flatnonzero(np.isclose(gains, max(gains), atol=0.003))
    return round(float(grid[best].mean()), 3)


def readout(chances: np.ndarray, corpus: str) -> np.ndarray:
    """Index of the corpus' label read off as the group of codes with the highest probability."""
    columns = [[INDEX[code] for code in codes] for codes in READOUTS[corpus].values()]
    return np.stack([chances[:, places].max(axis=1) for places in columns], axis=1).argmax(1)
