"""A folder's causal language model, in single precision, ready to be trained or asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from feedback.coach.engine import CoachConfig, EngineError, load_model


def load(folder: Path, device: str) -> Any:
    """Raises EngineError where there is none."""
    return load_model(CoachConfig(model=str(_there(folder)), dtype="float32", device=device))[0]


def load_tokenizer(folder: Path) -> Any:
    """Raises EngineError where there is none."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(_there(folder)))
    except (OSError, ValueError) as error:
        raise EngineError(f"{folder} has no tokenizer") from error


def _there(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise EngineError(f"{folder} is no model folder")
    return folder.absolute()
