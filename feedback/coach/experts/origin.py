"""Which weights a fine-tune was trained from: a merge adds what was learnt to those and to no others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from feedback.coach.mini import notes

FROM = "trained_from"  # in training.json and in a checkpoint


def weights_of(folder: Path) -> str:
    """Begins of the SHA-256 of a folder's weight files, in order; empty where there are none."""
    return weights_key(_sha256(path) for path in folder.glob("*.safetensors"))


def weights_key(digests) -> str:
    """The same of digests that are known."""
    return ",".join(sorted(digest[:16] for digest in digests))


def strangers(finetunes: Iterable[Path], base: Callable[[], str], *, strict: bool = False) -> list[Path]:
    """The folders of fine-tunes whose training.json names other weights than the base has now.

    `base`: gives the base's `weights_of`, asked for once and only where a note names any; `strict`: a folder
    whose note names none, or that has no note, is a stranger as well, else it is let pass; and so is a base
    without weights, which whoever reads it refuses."""
    told = {folder: notes.read(folder).get(FROM) for folder in finetunes}
    now = base() if any(told.values()) else ""
    if not now and not strict:
        return []
    return [folder for folder, key in told.items() if (key != now if key else strict)]


def trained_elsewhere(finetune: Path, base: Path) -> str:
    """The beginning of the sentence that refuses a stranger."""
    return f"{finetune.name} was trained from other weights than {base.name} has now"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
