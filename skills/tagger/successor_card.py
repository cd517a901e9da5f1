"""The card of weights that an organisation made of its trainers' corrections, as data."""

from __future__ import annotations

from typing import Any

from skills.tagger import diagnostics, evaluation
from skills.tagger.card import FROZEN_SET
from skills.tagger.deciding import Rule
from skills.tagger.scoring import Scored

# What the parent's card says that is true of the new weights as well.
KEPT = ("model", "input", "corpora", "strictest_licence")


def successor_card(
    parent: dict[str, Any],
    *,
    version: str,
    sha256: str,
    made: str,
    settled: dict[str, Any],
    measured: Scored,
    refit: dict[str, Any],
) -> dict[str, Any]:
    """`settled`: thresholds, families, temperature and margin; `measured`: the frozen set; `refit`: how it
    was made and compared.

    Only what was measured on these weights stands in it. A technique that the parent's card marks as a weak
    reading stays one: the frozen set is easier than what the parent was measured on.
    """
    temperature = dict(parent["temperature"]) | {"codes": settled["temperature"]}
    rule = Rule(settled["thresholds"], settled["families"])
    rows = evaluation.per_code_together(measured, temperature, rule, FROZEN_SET)
    for code, row in rows.items():
        row["low_reliability"] = row["low_reliability"] or parent["codes"][code]["low_reliability"]
    return {
        "version": version,
        "sha256": sha256,
        "made": made,
        **{name: parent[name] for name in KEPT if name in parent},
        "codes": rows,
        "temperature": temperature,
        "families": settled["families"],
        "margin": settled["margin"],
        "ece": evaluation.code_calibration(measured, temperature),
        "reliability": diagnostics.reliability(measured, temperature),
        "abstention": diagnostics.abstention(measured, temperature, rule, settled["margin"]),
        "development": [_task(refit["comparison"])],
        "refit": refit,
    }


def _task(comparison: dict[str, Any]) -> dict[str, Any]:
    """One line as the tables of tasks have it."""
    return {
        "task": f"Frozen set, mean F1 of {comparison['mean']['codes']} techniques",
        "macro_f1": comparison["mean"]["new"],
        "ci": comparison["mean"]["new_ci"],
        "n": comparison["messages"],
        "transcripts": comparison["messages"] - comparison["double_coded"] + comparison["chats"],
    }
