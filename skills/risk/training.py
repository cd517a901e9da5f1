"""Train the cue model of `peersupport/safety/cues.py`: lines in, weights and cross-validated scores out.

A line is a bag of stretches. Every stretch of a line without a cue teaches "none"; of a line with a cue only
the stretch that the model so far finds clearest teaches "cue" (the rest of a long message is about its day).
Near-twins stay in one fold. The frozen lines are never read here.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from peersupport.safety.cue_features import features, lexicon_of, stretches
from peersupport.safety.rules import apply_rules, read_message

FOLDS = 5
LEAST_LINES = 2  # a feature of fewer lines is dropped
STRENGTH = 1.0
SCENARIO = 3.0
ROUNDS = 3
STEPS = 100  # of the solver, in each round
TWINS = 0.5  # word overlap from which two lines stay together
# What the out-of-fold model and the rules must notice together; the highest threshold that does is taken.
AIM = {"explicit": 0.93, "passive": 0.90}


@dataclass(frozen=True)
class Example:
    text: str
    level: str
    kind: str
    group: str = ""  # examples of one group stay in one fold; empty: by near-twins


Bag = list[set[str]]


def bag(text: str) -> Bag:
    plain = read_message(text, role="seeker").text
    lexicon = lexicon_of(plain)
    return [features(stretch, lexicon) for stretch in stretches(plain)]


def weight_of(name: str) -> float:
    """Topics and what stands around them count in full, single words and runs half: there are so many."""
    return 1.0 if name[0] in "!?" or ":" in name else 0.5


@dataclass(frozen=True)
class Table:
    """The stretches of all lines as a matrix: `owner[row]` is the line of a stretch."""

    names: list[str]
    matrix: csr_matrix
    owner: np.ndarray
    cue: np.ndarray
    importance: np.ndarray


def table(examples: Sequence[Example], bags: Sequence[Bag]) -> Table:
    """Lines of scenarios count three times: what the product itself says must not raise an alarm."""
    counts: Counter[str] = Counter()
    for one in bags:
        counts.update(set().union(*one))
    names = sorted(name for name, count in counts.items() if count >= LEAST_LINES)
    column = {name: place for place, name in enumerate(names)}
    owner = np.array([number for number, one in enumerate(bags) for _ in one])
    matrix = _matrix([part for one in bags for part in one], column)
    cue = np.array([example.level != "none" for example in examples])[owner]
    weight = np.array([SCENARIO if example.group else 1.0 for example in examples])[owner]
    parts = np.bincount(owner)
    return Table(names, matrix, owner, cue, np.where(cue, 1.0, weight / np.sqrt(parts[owner])))


def fit(data: Table) -> tuple[dict[str, float], float]:
    """Weights by feature name, and the bias: logistic regression with a quadratic penalty."""
    parts = np.bincount(data.owner)
    keep = ~data.cue | (parts[data.owner] == 1)
    found = np.zeros(len(data.names) + 1)
    for _ in range(ROUNDS):
        found = _regress(data.matrix[keep], data.cue[keep], data.importance[keep], found)
        scores = data.matrix @ found[:-1]
        clearest: dict[int, int] = {}
        for row in np.flatnonzero(data.cue):
            line = data.owner[row]
            if line not in clearest or scores[row] > scores[clearest[line]]:
                clearest[line] = row
        keep = ~data.cue
        keep[list(clearest.values())] = True
    learnt = {name: value * weight_of(name) for name, value in zip(data.names, found[:-1], strict=True)}
    return {name: float(value) for name, value in learnt.items() if abs(value) >= 0.002}, float(found[-1])


def _regress(matrix: csr_matrix, cue: np.ndarray, importance: np.ndarray, start: np.ndarray) -> np.ndarray:
    side = np.where(cue, 1.0, -1.0)
    turned = matrix.T.tocsr()

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = side * (matrix @ weights[:-1] + weights[-1])
        pull = -STRENGTH * importance * side / (1.0 + np.exp(np.clip(margin, -30, 30)))
        value = STRENGTH * float(importance @ np.logaddexp(0.0, -margin)) + 0.5 * float(
            weights[:-1] @ weights[:-1]
        )
        return value, np.append(turned @ pull + weights[:-1], pull.sum())

    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x


def _matrix(parts: list[set[str]], column: dict[str, int]) -> csr_matrix:
    places, values, starts = [], [], [0]
    for part in parts:
        for name in sorted(part):
            if name in column:
                places.append(column[name])
                values.append(weight_of(name))
        starts.append(len(places))
    return csr_matrix((values, places, starts), shape=(len(parts), len(column)))


def score(one: Bag, weights: dict[str, float], bias: float) -> float:
    return max((bias + sum(weights.get(name, 0.0) for name in part) for part in one), default=-99.0)


def folds(examples: Sequence[Example], seed: int = 0) -> list[int]:
    """A fold for each example; near-twins and examples of one group share one."""
    bags = [frozenset(re.findall(r"\w+", example.text.casefold())) for example in examples]
    parent = list(range(len(examples)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[str, int] = {}
    loose = [at for at, example in enumerate(examples) if not example.group]
    for at, example in enumerate(examples):
        if example.group:
            parent[root(at)] = root(first.setdefault(example.group, at))
    for number, at in enumerate(loose):
        for other in loose[:number]:
            shared = len(bags[at] & bags[other])
            if shared >= TWINS * (len(bags[at]) + len(bags[other]) - shared):
                parent[root(at)] = root(other)
    roots = sorted({root(at) for at in range(len(examples))})
    random.Random(seed).shuffle(roots)
    fold = {one: place % FOLDS for place, one in enumerate(roots)}
    return [fold[root(at)] for at in range(len(examples))]


def out_of_fold(examples: Sequence[Example], bags: Sequence[Bag], fold: Sequence[int]) -> np.ndarray:
    """Each example's score by a model that saw neither it nor its near-twins."""
    scores = np.zeros(len(examples))
    for left_out in range(FOLDS):
        seen = [at for at in range(len(examples)) if fold[at] != left_out]
        weights, bias = fit(table([examples[at] for at in seen], [bags[at] for at in seen]))
        for at in range(len(examples)):
            if fold[at] == left_out:
                scores[at] = score(bags[at], weights, bias)
    return scores


def ruled(examples: Sequence[Example]) -> np.ndarray:
    """Whether the rules alone notice each example."""
    messages = [read_message(example.text, role="seeker") for example in examples]
    return np.array([apply_rules(message, role="seeker").level != "none" for message in messages])


def rates(examples: Sequence[Example], noticed: np.ndarray) -> dict[str, float]:
    """Recall by level and the share of false alarms."""
    level = np.array([example.level for example in examples])
    return {name: float(noticed[level == name].mean()) for name in ("explicit", "passive", "none")}


def choose(examples: Sequence[Example], scores: np.ndarray, by_rules: np.ndarray) -> float:
    """The highest threshold (in steps of 0.05) at which rules and model together reach AIM."""
    for threshold in np.arange(3.0, -1.01, -0.05):
        found = rates(examples, (scores > threshold) | by_rules)
        if all(found[name] >= least for name, least in AIM.items()):
            return round(float(threshold), 2)
    return -1.0
