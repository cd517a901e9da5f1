"""A folder's causal language model, in single precision, ready to be trained or asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from feedback.coach.experts.errors import ExpertsError

ADAPTER = "adapter_config.json"


def load(folder: Path, device: str = "cpu") -> Any:
    """A LoRA adapter is put into the base that it names. Never runs code from the folder.

    Raises ExpertsError where there is no model."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    if (folder / ADAPTER).is_file():
        return _adapted(folder, device)
    path = str(_there(folder))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).to(device)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        why = "it does not fit into memory" if "alloc" in str(error) else type(error).__name__
        raise ExpertsError(f"{folder} could not be loaded ({why})") from error


def _adapted(folder: Path, device: str) -> Any:
    try:
        from peft import PeftModel
    except ImportError as error:
        raise ExpertsError(f"{folder} is a LoRA adapter: pip install -e '.[train]' for peft") from error

    base = json.loads((folder / ADAPTER).read_text(encoding="utf-8")).get("base_model_name_or_path") or ""
    try:
        return PeftModel.from_pretrained(load(Path(base), device), str(folder)).merge_and_unload()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ExpertsError(f"{folder} could not be put into {base} ({type(error).__name__})") from error


def load_tokenizer(folder: Path) -> Any:
    """Raises ExpertsError where there is none."""
    from transformers import AutoTokenizer

    path = str(_there(folder))
    try:
        return AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise ExpertsError(f"{folder} has no tokenizer") from error


def _there(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise ExpertsError(f"{folder} is no model folder: it needs config.json, weights and a tokenizer")
    return folder.absolute()
