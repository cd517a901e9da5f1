"""The development rows of the design's table, the rows per code, and calibration.

These are development splits of the training corpora (whole transcripts, never trained or tuned on): they say
how well the tagger does at home, not on text of another kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skills.corpora.maps import READOUTS
from skills.tagger.card import DEVELOPMENT, OWN_LINES
from skills.tagger.deciding import Rule
from skills.tagger.heads import EMPATHY_HEADS, INDEX
from skills.tagger.metrics import binary, bootstrap, calibration_error, macro_f1
from skills.tagger.scoring import Scored, known, readout
from skills.taxonomy import CODES

TASKS = {
    "annomi": "AnnoMI therapist behaviour, 4-way",
    "mi_dataset": "MI Dataset, five groups",
    "esconv": "ESConv strategy of the given turn, 7-way",
    "mibot": "MIBot sessions, AutoMISC groups by an LLM, 5-way (never learnt from)",
}
Numbers = dict[str, float]
ENOUGH = 30
RELIABLE = 0.60


def table(test: Scored, temperature: dict[str, float]) -> list[dict[str, Any]]:
    """One row per task: macro F1 with a 95 % interval over transcripts, and n messages and transcripts."""
    chances = test.chances(temperature)
    rows = []
    for corpus, title in TASKS.items():
        places = np.array([p for p, e in enumerate(test.examples) if e.corpus == corpus and e.label], int)
        if not len(places):
            continue
        names = list(READOUTS[corpus])
        truth = np.array([names.index(test.examples[place].label) for place in places])
        guess = readout(chances[places], corpus)
        rows.append(_row(title, [test.examples[p].group for p in places], truth, guess, len(names)))
    for head in EMPATHY_HEADS:
        part = test.select(lambda e, head=head: e.corpus == "epitome" and head in e.empathy)
        if part.examples:
            truth = np.array([example.empathy[head] for example in part.examples])
            groups = [example.group for example in part.examples]
            title = f"EPITOME {head.replace('_', ' ')}, 3 levels"
            rows.append(_row(title, groups, truth, part.levels(head), 3))
    return rows


def _row(title: str, groups: list[str], truth: np.ndarray, guess: np.ndarray, labels: int) -> dict[str, Any]:
    low, high = bootstrap(groups, lambda rows: macro_f1(truth[rows], guess[rows], labels))
    return {
        "task": title,
        "macro_f1": round(macro_f1(truth, guess, labels), 4),
        "ci": [round(low, 4), round(high, 4)],
        "n": len(truth),
        "transcripts": len(set(groups)),
        "accuracy": round(float((truth == guess).mean()), 4),
    }


def per_code(test: Scored, temperature: Numbers, rule: Rule) -> dict[str, dict]:
    """F1 of each code with n, interval and where it was measured.

    Public development test where at least 30 messages carry the exact label; else our own frozen set.
    """
    public = test.select(lambda example: example.corpus != "own")
    own = test.select(lambda example: example.corpus == "own")
    rows = {}
    for code in CODES:
        best = _code(public, code, temperature, rule, DEVELOPMENT)
        if best["n"] < ENOUGH:
            mine = _code(own, code, temperature, rule, OWN_LINES)
            best = mine if mine["n"] >= best["n"] else best
        rows[code] = best
    return rows


def per_code_own(test: Scored, temperature: Numbers, rule: Rule) -> dict[str, dict]:
    """The rows per code on our own frozen set alone."""
    own = test.select(lambda example: example.corpus == "own")
    return {code: _code(own, code, temperature, rule, OWN_LINES) for code in CODES}


def per_code_together(scored: Scored, temperature: Numbers, rule: Rule, source: str) -> dict[str, dict]:
    """The rows per code on all examples, wherever they are from."""
    return {code: _code(scored, code, temperature, rule, source) for code in CODES}


def _code(
    scored: Scored, code: str, temperature: dict[str, float], rule: Rule, source: str
) -> dict[str, Any]:
    rows, present = known(scored, code)
    guess = rule.present(scored.chances(temperature))[rows, INDEX[code]]
    scores = binary(present, guess)
    n = int(present.sum())
    ci = [0.0, 1.0]
    if n:
        groups = [f"{scored.examples[row].corpus}:{scored.examples[row].group}" for row in rows]
        ci = list(bootstrap(groups, lambda drawn: binary(present[drawn], guess[drawn])["f1"]))
    return {
        "f1": round(scores["f1"], 4),
        "precision": round(scores["precision"], 4),
        "recall": round(scores["recall"], 4),
        "ci": [round(value, 4) for value in ci],
        "n": n,
        "messages": len(rows),
        "threshold": rule.thresholds[code],
        "low_reliability": bool(scores["f1"] < RELIABLE or n < ENOUGH),
        "source": source,
    }


def code_calibration(test: Scored, temperature: dict[str, float]) -> dict[str, Any]:
    """Expected calibration error over all settled (message, code) pairs, and mean over codes."""
    chances = test.chances(temperature)
    values, truths, each = [], [], []
    for code in CODES:
        rows, present = known(test, code)
        if len(rows):
            values.append(chances[rows, INDEX[code]])
            truths.append(present)
            each.append(calibration_error(values[-1], present))
    together = calibration_error(np.concatenate(values), np.concatenate(truths)) if values else 0.0
    return {"pooled": round(together, 4), "mean_of_codes": round(float(np.mean(each or [0.0])), 4)}
