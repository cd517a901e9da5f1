"""What a merge leaves beside the weights: manifest.json for programs, README.md for people."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import torch

from feedback.coach.merging.averaging import cosines
from feedback.coach.merging.catalog import METHODS

FORMAT = "peersupport-merge-1"
_OURS = (
    "`rtsvm` is **our formulation** of two ideas named in the abstract of arXiv 2502.06876 (outlier "
    "weighting, sparsity-adaptive rank), not the authors' method: their formulas could not be read."
)


def manifest(
    recipe: dict[str, Any],
    hashes: dict[str, dict[str, str]],
    facts: dict[str, dict[str, Any]],
    warnings: list[str],
    device: str,
    parameters: int,
) -> dict[str, Any]:
    """`facts`: by tensor what was measured: `gram` [T, T] from so many `entries`, scaled up to the tensor,
    and where there is one `least_singular` or `t`."""
    grams = [torch.tensor(each["gram"], dtype=torch.float64) for each in facts.values() if "gram" in each]
    least = [each["least_singular"] for each in facts.values() if "least_singular" in each]
    products = sum(grams) if grams else None
    return {
        "format": FORMAT,
        "recipe": recipe,
        "inputs": hashes,
        "versions": {name: version(name) for name in ("torch", "safetensors", "numpy")},
        "device": device,
        "threads": torch.get_num_threads(),
        "parameters": parameters,
        "task_vectors": {
            "norms": products.diagonal().sqrt().tolist() if products is not None else [],
            "cosines": cosines(products).tolist() if products is not None else [],
            "entries": sum(each["entries"] for each in facts.values() if "entries" in each),
        },
        "smallest_singular_value": min(least) if least else None,
        "stock_ratio": {name: each["t"] for name, each in facts.items() if "t" in each} or None,
        "warnings": warnings,
    }


def as_text(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1) + "\n"


def card(found: dict[str, Any]) -> str:
    """The model card."""
    recipe = found["recipe"]
    method = METHODS[recipe["method"]]
    settings = ", ".join(f"{name} = {value}" for name, value in recipe["parameters"].items()) or "none"
    lines = [
        "---",
        "library_name: transformers",
        "tags: [merge]",
        f"base_model: {json.dumps(recipe['base'])}",
        "---",
        "",
        f"# {recipe['base']}, merged by {method.name}",
        "",
        f"{method.sentence} Source: {method.source}; rule: {recipe['rule']}.",
        *(["", _OURS] if method.name == "rtsvm" else []),
        "",
        f"Parameters: {settings}. Seed {recipe['seed']}, computed in {recipe['dtype']}.",
        *(f"Tensors `{group['match']}`: {_rest(group)}." for group in recipe["groups"]),
        "",
        f"| expert | kind | weight | length of its task vector{_sampled(found)} |",
        "| --- | --- | --- | --- |",
        *_experts(found),
        "",
        *_table(found["task_vectors"]["cosines"], _sampled(found)),
        *_singular(found["smallest_singular_value"]),
        "Hashes of the inputs, versions and the full recipe: `manifest.json`.",
        "",
        "Merging is no training: nothing here was measured on a task. Published gains of merging over "
        "mixing the training data were not seen at every size; measure before use.",
        *(["", "Warnings:", *(f"- {warning}" for warning in found["warnings"])] if found["warnings"] else []),
        "",
    ]
    return "\n".join(lines)


def _experts(found: dict[str, Any]) -> list[str]:
    norms = found["task_vectors"]["norms"]
    return [
        f"| {one['path']} | {'LoRA' if one['adapter'] else 'full'} | {one['weight']:g} | {norm:.4g} |"
        for one, norm in zip(found["recipe"]["experts"], norms, strict=True)
    ]


def _sampled(found: dict[str, Any]) -> str:
    entries = found["task_vectors"]["entries"]
    return "" if entries == found["parameters"] else f" (estimated from {entries:,} entries)"


def _table(rows: list[list[float]], note: str) -> list[str]:
    if len(rows) < 2:
        return []
    numbers = range(1, len(rows) + 1)
    return [
        f"Cosines between the task vectors{note}:",
        "",
        f"| | {' | '.join(map(str, numbers))} |",
        f"| --- |{' --- |' * len(rows)}",
        *(
            f"| {number} | {' | '.join(f'{value:.3f}' for value in row)} |"
            for number, row in zip(numbers, rows, strict=True)
        ),
        "",
    ]


def _singular(least: float | None) -> list[str]:
    if least is None:
        return []
    return [
        f"Smallest singular value of the experts' joint bases: {least:.3g} "
        "(1: no direction shared; 0: two experts share one).",
        "",
    ]


def _rest(group: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in group.items() if name != "match") or "as above"
