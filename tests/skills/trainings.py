"""Finished trainings as rows, with and without weights, for pages and switches."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import Any

from django.utils import timezone

from skills.gold import serving
from skills.models import ModelVersion, TaggerTraining
from skills.tagger.card import WEIGHTS, card_or_nothing, read_card
from skills.taxonomy import CODES


def figures(*, beats: bool = True, parent: str = "") -> dict[str, Any]:
    """As a training leaves them."""

    def row(old: float, change: float) -> dict[str, Any]:
        new = round(old + change, 4)
        return {"old": old, "new": new, "change": change, "ci": [round(change - 0.02, 4), change + 0.02]}

    change = 0.031 if beats else -0.004
    codes = {code: row(0.7, change) | {"n": 30 + place, "worse": False} for place, code in enumerate(CODES)}
    comparison = {
        "messages": 793,
        "double_coded": 60,
        "chats": 12,
        "mean": row(0.79, change) | {"codes": len(CODES), "new_ci": [0.75, 0.83]},
        "double": row(0.66, 0.05),
        "codes": codes,
        "draws": 2000,
        "against": [] if beats else ["mean"],
        "beats": beats,
    }
    return {
        "parent": parent or read_card()["version"],
        "strength": 0.3,
        "learnt": {"own": 3373, "gold": 124, "chats": 31},
        "settled": {"own": 283, "gold": 40, "chats": 9},
        "frozen": {"own": 733, "gold": 60, "chats": 12},
        "comparison": comparison,
    }


def finished_training(
    person=None, *, name: str = "", beats: bool = True, whole: bool = False
) -> TaggerTraining:
    """Compared with what serves now; `whole`: with weights that a worker can load."""
    name = name or f"tagger-2026.11-site-{TaggerTraining.objects.count():06d}"
    parent = card_or_nothing().get("version", "")
    training = TaggerTraining.objects.create(
        asked_by=person,
        parent=parent,
        name=name,
        figures=figures(beats=beats, parent=parent),
        finished_at=timezone.now() + timedelta(minutes=1),
    )
    if beats:
        training.made = ModelVersion.objects.create(
            kind=serving.KIND, version=name, sha256=read_card(WEIGHTS)["sha256"], path=name
        )
        training.save()
    if whole:
        folder = serving.home() / name
        shutil.copytree(WEIGHTS, folder)
        card = dict(read_card(WEIGHTS)) | {"version": name}
        (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return training
