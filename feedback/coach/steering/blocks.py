"""What steering has to know of a model: its decoder blocks, their width, and who it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from feedback.coach.steering.errors import SteeringError

SAMPLED = 4096  # values per tensor that the fingerprint reads


def decoder_blocks(model: Any) -> torch.nn.ModuleList:
    """The list of decoder blocks, found by its length rather than by a family's attribute names.

    Raises SteeringError when there is none, or more than one (an encoder-decoder, a model of two towers).
    """
    count = getattr(_text_config(model), "num_hidden_layers", None)
    found = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.ModuleList)
        and len(module) == count
        and len({type(block) for block in module}) == 1
        and any(True for _ in module[0].parameters())
    ]
    # A list inside a block (experts, adapters) may happen to be as long; the outermost one comes first.
    outer = [one for one in found if not any(one in list(other.modules())[1:] for other in found)]
    if len(outer) != 1:
        raise SteeringError(f"{type(model).__name__}: {len(outer)} lists of decoder blocks found, need one")
    return outer[0]


def hidden_size(model: Any) -> int:
    """Width of the hidden states: values per token in what a decoder block gives, and in a direction.

    Raises AttributeError for a model whose configuration does not say it.
    """
    return int(_text_config(model).hidden_size)


def checked_layers(model: Any, layers: Iterable[int]) -> list[int]:
    """Sorted layer numbers, counted from 0; negative ones count from the end. Raises SteeringError."""
    count = len(decoder_blocks(model))
    asked = list(layers)
    wrong = [layer for layer in asked if not -count <= layer < count]
    if wrong or not asked:
        raise SteeringError(f"unknown layer {wrong}: the model has layers 0 to {count - 1}")
    return sorted({layer % count for layer in asked})


def fingerprint(model: Any) -> str:
    """Which weights these are: sha256 over shapes and evenly spaced values of every parameter, first to last.

    Values are rounded to bfloat16, so the same weights loaded in float32 or bfloat16 are the same model.
    Training moves all of a matrix; a change of single values between the samples goes unnoticed.
    """
    return _digest(model, _spread)


def older_fingerprint(model: Any) -> str:
    """The same by the rule until November 2026, which left out the end of a parameter whose size is no
    multiple of SAMPLED: for saying of a stored mark what it is, never for taking it as a proof. Equal to
    `fingerprint` where all sizes are multiples."""
    return _digest(model, _from_the_start)


def _digest(model: Any, sampled: Callable[[torch.Tensor], torch.Tensor]) -> str:
    digest = hashlib.sha256(type(model).__name__.encode())
    for name, value in sorted(model.named_parameters()):
        sample = sampled(value.detach().reshape(-1)).to("cpu", torch.bfloat16).contiguous()
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(sample.view(torch.int16).numpy().tobytes())
    return digest.hexdigest()


def _spread(flat: torch.Tensor) -> torch.Tensor:
    """At most SAMPLED values of [n], as far apart at its end as anywhere."""
    count = min(SAMPLED, flat.numel())
    return flat[torch.arange(count, device=flat.device) * flat.numel() // max(count, 1)]


def _from_the_start(flat: torch.Tensor) -> torch.Tensor:
    return flat[:: max(1, flat.numel() // SAMPLED)][:SAMPLED]


def model_name(model: Any) -> str:
    """Hub id, or the folder's name without its path; for people, not for comparing."""
    name = str(getattr(model.config, "_name_or_path", "") or "")
    if not name:
        return type(model).__name__
    return Path(name).name if Path(name).is_absolute() or Path(name).exists() else name


def block_device(block: torch.nn.Module) -> torch.device:
    return next(block.parameters()).device


def first_hidden(output: Any) -> torch.Tensor:
    """The hidden states [batch, tokens, width] of a block, which returns them alone or first in a tuple."""
    return output[0] if isinstance(output, tuple) else output


def _text_config(model: Any) -> Any:
    get = getattr(model.config, "get_text_config", None)
    return get(decoder=True) if get else model.config


def require_finite(tensors: Sequence[torch.Tensor], what: str) -> None:
    if any(not torch.isfinite(tensor).all() for tensor in tensors):
        raise SteeringError(f"{what}: not all values are numbers")
