"""Where training runs: a GPU if there is one, else one thread of the processor; half precision on both."""

from __future__ import annotations

import numpy as np
import torch


def best() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half(device: torch.device) -> torch.autocast:
    """Matrix products in bfloat16, everything else as it is."""
    return torch.autocast(device.type, dtype=torch.bfloat16)


def moved(arrays: dict[str, np.ndarray], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in arrays.items()}
