"""A tiny coach with fine-tunes of it in DATA_DIR, and merges as rows, with and without weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from feedback.bases import switching
from feedback.coach import serving
from feedback.models import CoachMerge


def own_coach(folder: Path) -> Path:
    """A coach of a few thousand weights that COACH_MODEL names."""
    from tests.feedback.tiny_model import save_tiny_model

    base = save_tiny_model(folder / "tiny")
    settings.COACH_MODEL, settings.COACH_DEVICE, settings.COACH_DTYPE = str(base), "cpu", "float32"
    return base


def files_of_a_coach(folder: Path) -> Path:
    """What pages see of one: files, which no page reads as a model. COACH_MODEL names it."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    settings.COACH_MODEL = str(folder)
    return folder


def fine_tunes(base: Path, *names: str, moved: bool = True) -> list[Path]:
    """As `train_experts` leaves them; their weights are the base's, `moved` a little at random."""
    made = []
    for number, name in enumerate(names):
        folder = settings.DATA_DIR / "models" / "experts" / name
        shutil.copytree(base, folder)
        if moved:
            _move(folder / "model.safetensors", number)
        arm = {"name": name, "shares": {name: 1.0}, "steps": 600, "how": "sft", "reward": False}
        (folder / "training.json").write_text(json.dumps({"arm": arm, "minutes": 12.5}))
        made.append(folder)
    return made


def _move(file: Path, seed: int) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    chance = torch.Generator().manual_seed(seed)
    state = load_file(file)
    moved = {key: one + 0.05 * torch.randn(one.shape, generator=chance) for key, one in state.items()}
    save_file(moved, file, metadata={"format": "pt"})


def report(name: str, compared_with: str, difference: float = 0.031) -> dict[str, Any]:
    """As a job leaves it."""

    def one(minimum: float) -> dict[str, Any]:
        return {
            "n": dict.fromkeys(("helpful", "honest", "harmless"), 300),
            "helpful": 0.91,
            "honest": minimum,
            "harmless": 0.84,
            "minimum": minimum,
            "minimum_ci": [minimum - 0.05, minimum + 0.05],
            "mean": 0.79,
            "mean_ci": [0.76, 0.82],
            "over_refusal": 0.04,
        }

    gap = {"difference": difference, "ci": [difference - 0.02, difference + 0.02], "p": 0.01, "p_holm": 0.01}
    return {
        "split": "test",
        "items": 30,
        "seeds": 10,
        "models": {compared_with: one(0.61), name: one(0.61 + difference)},
        "compared_with": compared_with,
        "differences": {name: gap},
    }


def finished_merge(person=None, *, difference: float = 0.031, whole: bool = False, **fields) -> CoachMerge:
    """Compared with what serves now; `whole`: with weights that can serve, those of COACH_MODEL's folder."""
    name = f"tiny-ties-{CoachMerge.objects.count() + 1}"
    compared_with = serving.resolved().name or "tiny"
    base = serving.base_folder()
    sums = serving.sums_of(base) if whole else {}
    manifest = {
        "inputs": {"base: tiny": sums, "expert 1: helpful": {}, "expert 2: honest": {}},
        "task_vectors": {"norms": [1.2, 0.9], "cosines": [[1.0, 0.12], [0.12, 1.0]], "entries": 6_839_712},
        "smallest_singular_value": 0.42,
        "parameters": 6_839_712,
        "warnings": [],
    }
    merge = CoachMerge.objects.create(
        name=name,
        base="tiny",
        recipe={"method": "ties", "experts": ["helpful", "honest"], "parameters": {"density": 0.3}},
        asked_by=person,
        manifest=manifest,
        found=json.dumps(report(name, compared_with, difference)),
        finished_at=timezone.now(),
        **fields,
    )
    if whole:
        folder = switching.folder_of(merge)
        shutil.copytree(base, folder)
        (folder / serving.MANIFEST).write_text(json.dumps(manifest))
        switching.write_sums(folder)
    return merge
