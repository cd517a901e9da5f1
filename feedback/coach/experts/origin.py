"""Which weights a fine-tune was trained from: a merge adds what was learnt to those and to no others."""

from __future__ import annotations

import hashlib
from pathlib import Path

FROM = "trained_from"  # in training.json and in a checkpoint


def weights_of(folder: Path) -> str:
    """Begins of the SHA-256 of a folder's weight files, in order; empty where there are none."""
    return weights_key(_sha256(path) for path in folder.glob("*.safetensors"))


def weights_key(digests) -> str:
    """The same of digests that are known."""
    return ",".join(sorted(digest[:16] for digest in digests))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
