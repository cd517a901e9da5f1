"""From the weights that serve and what trainers said to new weights: refit, settle, compare, write.

Which message does what is settled before (`Example.split`): "train" is learnt, "val" chooses how firmly the
new layer is held and settles temperature and thresholds, "test" (the frozen set) compares old and new and is
used for nothing else.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from skills.corpora import own
from skills.corpora.example import GOLD, Example
from skills.tagger import wire
from skills.tagger.card import mark
from skills.tagger.clean import looks_english
from skills.tagger.compare import compare
from skills.tagger.deciding import Rule
from skills.tagger.examples import usable
from skills.tagger.features import Seen, Served
from skills.tagger.heads import INDEX, N_CODES
from skills.tagger.refit import STRENGTHS, Lesson, anchor, refit
from skills.tagger.scoring import Scored, fit_margin, fit_temperature, fit_thresholds
from skills.tagger.successor_card import successor_card
from skills.tagger.successor_page import write_files
from skills.taxonomy import CODES

LEAST = 30  # gold messages to learn from, below which nothing is learnt
# A temperature or threshold moves only with so many of the site's own messages in the validation part.
LEAST_TO_SETTLE, LEAST_PRESENT, LEAST_GOLD_PRESENT = 30, 15, 5

Told = Callable[[float, str], None]


class TooLittleGoldError(ValueError):
    """There is too little to learn from; the message says how much is there and what to do."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How raw logits become tags: the layer, one temperature, a threshold per code and the margin."""

    weight: np.ndarray
    bias: np.ndarray
    temperature: float
    thresholds: dict[str, float]
    margin: float
    families: dict[str, float]

    @property
    def rule(self) -> Rule:
        return Rule(self.thresholds, self.families)

    def present(self, seen: Seen) -> np.ndarray:
        """bool [messages, codes]: what is tagged, as the run time decides it."""
        return self.rule.present(seen.scored(self.weight, self.bias).chances({"codes": self.temperature}))


def enough(gold: list[Example]) -> list[Example]:
    """The gold that a tagger can read. Raises TooLittleGoldError where too little of it is to learn from."""
    found = [example for example in usable(gold) if looks_english(example.text)]
    there = sum(example.split == "train" for example in found)
    if there < LEAST:
        raise TooLittleGoldError(
            f"Trainers have settled {there} messages that may be learnt from; {LEAST} are needed. Code more "
            "on the page Review: only messages of volunteers who agree to improving the tagger count, and "
            "of these about half are kept apart to measure."
        )
    return found


def succeed(
    folder: Path, gold: list[Example], output: Path, *, made: date, told: Told = lambda share, words: None
) -> dict[str, Any]:
    """Write new weights to `output`, made from those in `folder` and from gold; returns their card.

    `told` hears how far it is, 0 to 1, and at what. The same input gives the same files. Raises
    TooLittleGoldError, and what `Served` raises for a folder that is not whole.
    """
    gold = enough(gold)
    served = Served(folder)
    examples = usable(list(own.read())) + gold
    seen = served.see(examples, lambda share: told(0.7 * share, "reading the messages"))
    parts = {split: seen.select(lambda e, s=split: e.split == s) for split in ("train", "val", "test")}
    told(0.7, "fitting")
    strength, weight, bias = _firmest(served, parts["train"], parts["val"], told)
    before, after = _old(served), _new(served, parts["val"], weight, bias)
    told(0.9, "comparing with the version that serves")
    test = parts["test"]
    truth, known = labels(test.examples)
    chats = [example.group if example.corpus == GOLD else "" for example in test.examples]
    found = compare(truth, known, before.present(test), after.present(test), chats)
    told(0.95, "writing the weights")
    model = wire.with_head(served.model, weight, bias)
    digest = hashlib.sha256(model).hexdigest()
    settled = {
        "thresholds": after.thresholds,
        "families": after.families,
        "temperature": after.temperature,
        "margin": after.margin,
    }
    card = successor_card(
        served.card,
        version=f"tagger-{made:%Y.%m}-site-{mark(digest, settled)}",
        sha256=digest,
        made=f"{made:%Y-%m-%d}",
        settled=settled,
        measured=test.scored(weight, bias),
        refit={
            "parent": served.card["version"],
            "strength": strength,
            "learnt": _counts(parts["train"].examples),
            "settled": _counts(parts["val"].examples),
            "frozen": _counts(test.examples),
            "comparison": found,
        },
    )
    output.mkdir(parents=True, exist_ok=True)
    (output / "tagger.onnx").write_bytes(model)
    shutil.copyfile(folder / "tokenizer.json", output / "tokenizer.json")
    write_files(card, output)
    return card


def labels(examples: list[Example]) -> tuple[np.ndarray, np.ndarray]:
    """(truth, known) bool [messages, codes] of examples with exact labels."""
    truth = np.zeros((len(examples), N_CODES), bool)
    known = np.zeros_like(truth)
    for row, example in enumerate(examples):
        there = [INDEX[code] for codes in example.positive for code in codes]
        truth[row, there] = known[row, there] = True
        known[row, [INDEX[code] for code in example.negative]] = True
    return truth, known


def _firmest(served: Served, train: Seen, val: Seen, told: Told) -> tuple[float, np.ndarray, np.ndarray]:
    """The strength with the lowest log loss on the validation part, and its layer; the firmer of equals."""
    ours = train.select(lambda example: example.corpus == own.NAME)
    gold = train.select(lambda example: example.corpus == GOLD)
    truth, known = labels(gold.examples)
    lesson = Lesson(gold.first(), truth.astype(float), known.astype(float))
    anchored = anchor(served.head, ours.first())
    tried = []
    for number, strength in enumerate(STRENGTHS):
        layer = refit(served.head, lesson, anchored, strength)
        tried.append((_loss(val.scored(*layer)), number, strength, layer))
        told(0.7 + 0.2 * (number + 1) / len(STRENGTHS), "fitting")
    _, _, strength, (weight, bias) = min(tried, key=lambda one: one[:2])
    return strength, weight, bias


def _loss(val: Scored) -> float:
    truth, known = labels(val.examples)
    signed = np.where(truth, val.logits[:, :N_CODES], -val.logits[:, :N_CODES])
    return float(np.logaddexp(0, -signed)[known].mean())


def _old(served: Served) -> Settled:
    card, head = served.card, served.head
    thresholds = {code: card["codes"][code]["threshold"] for code in CODES}
    heat, margin = card["temperature"]["codes"], card.get("margin", 0.0)
    return Settled(head.weight, head.bias, heat, thresholds, margin, dict(card.get("families", {})))


def _new(served: Served, val: Seen, weight: np.ndarray, bias: np.ndarray) -> Settled:
    """Temperature, thresholds and margin on the validation part; where that says too little, those of the
    version that serves, at the same logit."""
    old, scored = _old(served), val.scored(weight, bias)
    gold = [example for example in val.examples if example.corpus == GOLD]
    heat = old.temperature
    if len(gold) >= LEAST_TO_SETTLE:
        heat = round(fit_temperature(scored)["codes"], 4)
    temperature = {"codes": heat}
    fitted = fit_thresholds(scored, temperature)
    thresholds = {}
    for code in CODES:
        mine = sum(frozenset({code}) in example.positive for example in gold)
        all_of_it = sum(frozenset({code}) in example.positive for example in val.examples)
        moves = mine >= LEAST_GOLD_PRESENT and all_of_it >= LEAST_PRESENT
        thresholds[code] = fitted[code] if moves else _carried(old, code, heat)
    margin = fit_margin(scored, temperature, thresholds)
    return Settled(weight, bias, heat, thresholds, margin, old.families)


def _carried(old: Settled, code: str, heat: float) -> float:
    """The old threshold under another temperature."""
    threshold = old.thresholds[code]
    if heat == old.temperature:
        return threshold
    logit = np.log(threshold / (1 - threshold)) * old.temperature / heat
    return round(float(1 / (1 + np.exp(-logit))), 4)


def _counts(examples: list[Example]) -> dict[str, int]:
    gold = [example for example in examples if example.corpus == GOLD]
    return {
        "own": len(examples) - len(gold),
        "gold": len(gold),
        "chats": len({example.group for example in gold}),
    }
