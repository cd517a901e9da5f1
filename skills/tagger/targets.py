"""Examples as training targets: arrays that say what is present, absent and unknown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skills.corpora.example import Example
from skills.corpora.maps import READOUTS
from skills.tagger.heads import EMPATHY_HEADS, INDEX, N_CODES

MAX_SETS = 4
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Targets:
    """`sets` [n, MAX_SETS, codes] and `absent` [n, codes] as weights; `empathy` [n, heads], -1 unknown.

    `readout` [n]: index into `labels` of the example's own corpus, -1 without one; `corpus` [n] its name.
    """

    sets: np.ndarray
    absent: np.ndarray
    empathy: np.ndarray
    readout: np.ndarray
    corpus: np.ndarray
    weight: np.ndarray


def readout_mask(corpus: str) -> np.ndarray:
    """[labels, codes] of 0 and 1: which codes stand for each label of a corpus."""
    groups = READOUTS[corpus]
    mask = np.zeros((len(groups), N_CODES), np.float32)
    for row, codes in enumerate(groups.values()):
        mask[row, [INDEX[code] for code in codes]] = 1
    return mask


def build(examples: list[Example], *, sets: bool = True) -> Targets:
    """The targets of a list of examples, in its order; without `sets`, of exact labels only."""
    n = len(examples)
    kept = np.zeros((n, MAX_SETS, N_CODES), np.float32)
    absent = np.zeros((n, N_CODES), np.float32)
    empathy = np.full((n, len(EMPATHY_HEADS)), UNKNOWN, np.int64)
    readout = np.full(n, UNKNOWN, np.int64)
    labels = {corpus: list(groups) for corpus, groups in READOUTS.items()}
    for row, example in enumerate(examples):
        positive = [codes for codes in example.positive if sets or len(codes) == 1]
        for place, codes in enumerate(positive[:MAX_SETS]):
            kept[row, place, [INDEX[code] for code in codes]] = 1
        absent[row, [INDEX[code] for code in example.negative]] = example.negative_weight
        for head, name in enumerate(EMPATHY_HEADS):
            empathy[row, head] = example.empathy.get(name, UNKNOWN)
        if example.label and sets:
            readout[row] = labels[example.corpus].index(example.label)
    return Targets(
        sets=kept,
        absent=absent,
        empathy=empathy,
        readout=readout,
        corpus=np.array([example.corpus for example in examples]),
        weight=np.array([example.weight for example in examples], np.float32),
    )


def balance(examples: list[Example]) -> np.ndarray:
    """[n] factors: within a corpus, rare labels weigh more, by the root of their share; their mean is 1."""
    factors = np.ones(len(examples), np.float32)
    for corpus in READOUTS:
        rows = [row for row, example in enumerate(examples) if example.corpus == corpus and example.label]
        labels = np.array([examples[row].label for row in rows])
        names, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if len(names):
            each = (1 / counts) ** 0.5
            factors[rows] = each[places] * len(rows) / each[places].sum()
    return factors
