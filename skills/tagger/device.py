"""Where training runs: a GPU if there is one, else one thread; in half precision where that is native."""

from __future__ import annotations

import numpy as np
import torch


def best() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half(device: torch.device) -> torch.autocast:
    """Matrix products in bfloat16, everything else as it is.

    A processor that only imitates bfloat16 takes fourteen times as long with it: there all stays in single
    precision, and the same seed gives other weights than elsewhere."""
    enabled = device.type == "cuda" or _native()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)


def _native() -> bool:
    # torch tells it under a private name only; a release without it trains in single precision.
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())


def moved(arrays: dict[str, np.ndarray], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in arrays.items()}
