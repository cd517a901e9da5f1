"""From a trained network to a weights folder: int8 export, thresholds, temperatures, measurements, card."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from skills.corpora.example import Example
from skills.corpora.library import OWN_LICENCE, OWN_TITLE, Corpus, learnt_from, strictest_licence
from skills.tagger import diagnostics, evaluation, graph, quantize
from skills.tagger.card import mark
from skills.tagger.clean import MAX_CHARACTERS
from skills.tagger.deciding import FAMILIES, MORE_LIKELY_THAN_NOT, Rule
from skills.tagger.encode import Encoder, Window
from skills.tagger.page import write_page
from skills.tagger.scoring import Scored, fit_margin, fit_temperature, fit_thresholds, score


@dataclass(frozen=True, slots=True)
class Release:
    """What a release is made of: the network's weights, its tokenizer folder and how it was trained."""

    weights: Mapping[str, np.ndarray]
    folder: Path
    training: dict[str, Any]


def publish(
    release: Release, learnt: list[Example], everything: list[Example], report: Callable[[dict], None]
) -> dict[str, Any]:
    """Write tagger.onnx, card.json and CARD.md next to the tokenizer; returns the card.

    `learnt`: the examples the run may use, whose validation part settles temperatures and thresholds;
    `everything`: whose test parts it is measured on.
    """
    encoder = Encoder(release.folder / "tokenizer.json")
    model = release.folder / "tagger.onnx"
    unfinished = model.with_suffix(".part")
    quantize.export(release.weights, encoder, unfinished)
    os.replace(unfinished, model)
    report({"stage": "exported", "bytes": model.stat().st_size})
    val = [example for example in learnt if example.split == "val"]
    test = [example for example in everything if example.split == "test"]
    whole = _runner(graph.build(release.weights).SerializeToString())
    small = _runner(model.read_bytes())
    scored = score(val, encoder, small)
    temperature = fit_temperature(scored)
    rule = Rule(fit_thresholds(scored, temperature), dict.fromkeys(FAMILIES, MORE_LIKELY_THAN_NOT))
    margin = fit_margin(scored, temperature, rule.thresholds)
    report({"stage": "thresholds fitted", "validation": len(val)})
    measured = score(test, encoder, small)
    report({"stage": "tested", "test": len(test)})
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    rows = _rows(measured, temperature, rule, margin)
    heat = {name: round(value, 4) for name, value in temperature.items()}
    settled = {
        "thresholds": rule.thresholds,
        "families": rule.families,
        "temperature": heat,
        "margin": margin,
    }
    card = _card(release, digest, rows, learnt_from(learnt), mark(digest, settled)) | {"temperature": heat}
    card["quantisation"] = _quantisation_cost(measured, score(test, encoder, whole), temperature)
    card["counts"] = _counts(learnt)
    write_card(card, release.folder)
    return card


def measure(folder: Path, examples: list[Example], card: Mapping[str, Any]) -> dict[str, Any]:
    """All development rows of an existing weights folder, on the test parts of the examples."""
    encoder = Encoder(folder / "tokenizer.json")
    test = [example for example in examples if example.split == "test"]
    scored = score(test, encoder, _runner((folder / "tagger.onnx").read_bytes()))
    return _rows(scored, dict(card["temperature"]), Rule.of(card), card.get("margin", 0.0))


def write_card(card: dict[str, Any], folder: Path) -> None:
    """card.json, and CARD.md generated from it."""
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    (folder / "card.json").write_text(text, encoding="utf-8")
    (folder / "CARD.md").write_text(write_page(card), encoding="utf-8")


def _rows(scored: Scored, temperature: dict[str, float], rule: Rule, margin: float) -> dict[str, Any]:
    return {
        "codes": evaluation.per_code(scored, temperature, rule),
        "own_frozen": evaluation.per_code_own(scored, temperature, rule),
        "development": evaluation.table(scored, temperature),
        "ece": evaluation.code_calibration(scored, temperature),
        "ece_by_code": diagnostics.calibration_by_code(scored, temperature),
        "reliability": diagnostics.reliability(scored, temperature),
        "confusions": diagnostics.confusions(scored, temperature, rule),
        "families": dict(rule.families),
        "of_families": diagnostics.of_families(scored, temperature, rule),
        "margin": margin,
        "abstention": diagnostics.abstention(scored, temperature, rule, margin),
    }


def _card(
    release: Release, digest: str, rows: dict[str, Any], corpora: list[Corpus], mark: str
) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "version": f"tagger-{now:%Y.%m}-{mark}",
        "sha256": digest,
        "made": f"{now:%Y-%m-%d}",
        "model": "MiniLM encoder (6 layers, 384 wide) from all-MiniLM-L6-v2, Apache-2.0; static int8 ONNX",
        "input": f"message with one previous message, English, at most {MAX_CHARACTERS} characters",
        **rows,
        "empathy": [row for row in rows["development"] if row["task"].startswith("EPITOME")],
        "corpora": [{"name": corpus.title, "licence": corpus.licence} for corpus in corpora]
        + [{"name": OWN_TITLE, "licence": OWN_LICENCE}],
        "strictest_licence": strictest_licence(corpora),
        "training": release.training,
    }


def _counts(examples: list[Example]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for example in examples:
        part = counts.setdefault(example.corpus, {"train": 0, "val": 0, "test": 0})
        part[example.split] += 1
    return counts


def _quantisation_cost(small: Scored, whole: Scored, temperature: dict[str, float]) -> list[dict[str, Any]]:
    before = {row["task"]: row["macro_f1"] for row in evaluation.table(whole, temperature)}
    after = {row["task"]: row["macro_f1"] for row in evaluation.table(small, temperature)}
    return [{"task": task, "float": before[task], "int8": after[task]} for task in before]


def _runner(model: bytes) -> Callable[[Window], np.ndarray]:
    session = quantize.session(model)
    return lambda window: session.run(["logits"], quantize.feed(window))[0][0]
