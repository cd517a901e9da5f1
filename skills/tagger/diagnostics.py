"""Where the tagger is off: its probabilities against what was there, and what it mistakes for what."""

from __future__ import annotations

from typing import Any

import numpy as np

from skills.tagger.deciding import FAMILIES, Rule, columns
from skills.tagger.heads import INDEX
from skills.tagger.metrics import binary, calibration_error
from skills.tagger.scoring import Scored, family_known, known
from skills.tagger.types import is_doubtful
from skills.taxonomy import CODES

BINS = 10
ENOUGH = 200
PAIRS = (
    ("reflection_simple", "reflection_complex"),
    ("affirm", "support"),
    ("persuade_with_permission", "advise_without_permission"),
)


def reliability(test: Scored, temperature: dict[str, float]) -> list[dict[str, Any]]:
    """The reliability diagram over all settled (message, code) pairs: one row per tenth of probability.

    Each row: mean probability given, share that was present, and n (Niculescu-Mizil and Caruana 2005).
    """
    chances = test.chances(temperature)
    pairs = [(code, *known(test, code)) for code in CODES]
    given = np.concatenate([chances[rows, INDEX[code]] for code, rows, _ in pairs if len(rows)])
    there = np.concatenate([present for _, rows, present in pairs if len(rows)])
    place = np.minimum((given * BINS).astype(int), BINS - 1)
    return [
        {
            "from": number / BINS,
            "to": (number + 1) / BINS,
            "n": int((place == number).sum()),
            "given": round(float(given[place == number].mean()), 4),
            "present": round(float(there[place == number].mean()), 4),
        }
        for number in range(BINS)
        if (place == number).any()
    ]


def calibration_by_code(test: Scored, temperature: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Expected calibration error of each code, and n of messages that carry it."""
    chances = test.chances(temperature)
    rows = {}
    for code in CODES:
        places, present = known(test, code)
        if len(places):
            error = calibration_error(chances[places, INDEX[code]], present)
            n = int(present.sum())
            rows[code] = {"ece": round(error, 4), "n": n, "messages": len(places), "enough": n >= ENOUGH}
    return rows


def confusions(test: Scored, temperature: dict[str, float], rule: Rule) -> list[dict[str, Any]]:
    """For each pair that is easily mistaken: what was found where exactly one of the two was there.

    A message counts where one code of the pair is an exact label and the other is known to be absent. Found
    is the likelier of the two if it is tagged, else neither.
    """
    chances = test.chances(temperature)
    tagged = rule.present(chances)
    rows = []
    for pair in PAIRS:
        for there, other in (pair, pair[::-1]):
            places = [
                row
                for row, example in enumerate(test.examples)
                if frozenset({there}) in example.positive and other in example.negative
            ]
            found = {there: 0, other: 0, "neither": 0}
            for place in places:
                likelier = max(pair, key=lambda code, p=place: chances[p, INDEX[code]])
                found[likelier if tagged[place, INDEX[likelier]] else "neither"] += 1
            rows.append(
                {
                    "there": there,
                    "other": other,
                    "n": len(places),
                    "right": found[there],
                    "mistaken": found[other],
                    "neither": found["neither"],
                }
            )
    return rows


def of_families(test: Scored, temperature: dict[str, float], rule: Rule) -> list[dict[str, Any]]:
    """For each family with a bar of its own: precision, recall and F1 of "any of its codes is tagged", by the
    thresholds of the codes alone and with the family's bar, where a label settles whether any is there."""
    chances = test.chances(temperature)
    ways = {"alone": Rule(rule.thresholds).present(chances), "with": rule.present(chances)}
    rows = []
    for name in rule.families:
        places, present = family_known(test, name)
        row = {
            "family": name,
            "codes": list(FAMILIES[name]),
            "n": int(present.sum()),
            "messages": len(places),
        }
        for way, tagged in ways.items():
            scores = binary(present, tagged[np.ix_(places, columns(name))].any(axis=1))
            row[way] = {key: round(float(value), 4) for key, value in scores.items()}
        rows.append(row)
    return rows


def abstention(test: Scored, temperature: dict[str, float], rule: Rule, margin: float) -> dict[str, Any]:
    """How often a tag is right when the tagger is sure and when it is not, over settled pairs."""
    chances = test.chances(temperature)
    tagged = rule.present(chances)
    right = {"sure": [], "unsure": []}
    for code in CODES:
        places, present = known(test, code)
        for place, there in zip(places, present, strict=True):
            chance = float(chances[place, INDEX[code]])
            if tagged[place, INDEX[code]]:
                doubtful = is_doubtful(chance, rule.thresholds[code], margin)
                right["unsure" if doubtful else "sure"].append(bool(there))
    rows = {
        name: {"tags": len(values), "precision": round(float(np.mean(values or [0.0])), 4)}
        for name, values in right.items()
    }
    return {"margin": margin, **rows}
