"""training.json, the note beside weights that tells how they came about: trained, fine-tuned, or merged.

Trained from nothing: {"recipe", "step", "tokens", "minutes", "corpus", "weights"}. Fine-tuned: {"arm",
"minutes", "base": the base's note}. Merged: {"merge": how, "of": the experts' notes}.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NOTE = "training.json"


def read(folder: Path) -> dict[str, Any]:
    """{} where the folder has none, or none that can be read."""
    try:
        found = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def of_merge(how: dict[str, Any], experts: Sequence[Path]) -> dict[str, Any]:
    """The note of a merge; {} where it is not known how each of the experts came about."""
    notes = [read(folder) for folder in experts]
    return {"merge": how, "of": notes} if notes and all(notes) else {}


def trainings(note: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(arms of the fine-tunes, different trainings from nothing) that the note tells of. KeyError where a
    fine-tune's base is not told."""
    if "merge" in note:
        found = [trainings(one) for one in note["of"]]
        bases: list[dict[str, Any]] = []
        for _, several in found:
            bases += [base for base in several if base not in bases]
        return [arm for arms, _ in found for arm in arms], bases
    if "arm" in note:
        arms, bases = trainings(note["base"])
        return [*arms, note["arm"]], bases
    return [], [note]
