"""The fine-tunes that `train_experts` left in DATA_DIR/models/experts, a folder each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from feedback.coach.serving import read_json

NOTE, CHECKPOINT = "training.json", "checkpoint.pt"  # as in feedback.coach.experts.learning; a test holds it
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class FineTune:
    """`arm` as in its training.json; `finished`: it has weights, and can be merged; `adapter`: they are those
    of a LoRA adapter."""

    name: str
    arm: dict[str, Any]
    minutes: float
    finished: bool
    adapter: bool = False

    @property
    def learnt(self) -> str:
        """What it was trained on and how, in words."""
        shares = self.arm.get("shares")
        if not isinstance(shares, dict) or not shares:
            return ""
        aims = ", ".join(str(aim) for aim in shares)
        if self.arm.get("reward"):
            return _("%(aims)s; items chosen by reward") % {"aims": aims}
        if self.arm.get("how") == "dpo":
            return _("%(aims)s, by preference") % {"aims": aims}
        if len(set(shares.values())) > 1:
            return ", ".join(f"{aim} ×{share:g}" for aim, share in shares.items())
        return aims


def home() -> Path:
    return settings.DATA_DIR / "models" / "experts"


def is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").is_file()


def found() -> list[FineTune]:
    """By name; those still being trained, too. Other folders are passed over, as are odd names."""
    try:
        folders = sorted(path for path in home().iterdir() if path.is_dir() and _NAME.fullmatch(path.name))
    except OSError:
        return []
    return [one for one in map(_read, folders) if one is not None]


def _read(folder: Path) -> FineTune | None:
    note = read_json(folder / NOTE)
    arm, minutes = note.get("arm"), note.get("minutes")
    names = ("model.safetensors", "model.safetensors.index.json", "adapter_model.safetensors")
    finished = isinstance(arm, dict) and any((folder / name).is_file() for name in names)
    if not finished and not (folder / CHECKPOINT).is_file():
        return None
    return FineTune(
        folder.name,
        arm if isinstance(arm, dict) else {},
        float(minutes) if isinstance(minutes, int | float) else 0.0,
        finished,
        is_adapter(folder),
    )
