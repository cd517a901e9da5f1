"""A steering vector as a value and as a file: one unit direction per layer, and how far it may be turned.

The file is safetensors, a tensor `direction.{layer}` per layer, with everything else as text in its header.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from feedback.coach.steering.blocks import (
    checked_layers,
    decoder_blocks,
    fingerprint,
    hidden_size,
    older_fingerprint,
    require_finite,
)
from feedback.coach.steering.errors import SteeringError

FORMAT = "peersupport-steering-1"
OLDER = (
    "this vector names its model by a fingerprint that left out the end of some weights (the rule until "
    "November 2026), so that it does not show for which ones it was made: calibrate it again"
)


@dataclass(frozen=True)
class SteeringVector:
    """`directions`: unit vectors [width], float32, by layer. `model` is for people, `fingerprint` is what
    must match. `dial`: the end stops and fits of a calibration, empty before one."""

    behaviour: str
    directions: dict[int, torch.Tensor]
    model: str
    fingerprint: str
    method: str = "mean"
    pairs_hash: str = ""
    dial: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.directions:
            raise SteeringError("a vector needs a direction for at least one layer")
        require_finite(list(self.directions.values()), "steering vector")
        if len({tuple(one.shape) for one in self.directions.values()}) != 1:
            raise SteeringError("the directions of a vector must all have the same width")
        if any(one.dim() != 1 or float(one.norm()) < 1e-6 for one in self.directions.values()):
            raise SteeringError("a direction must be one row of numbers that are not all zero")

    @property
    def layers(self) -> list[int]:
        return sorted(self.directions)

    @property
    def width(self) -> int:
        return int(self.directions[self.layers[0]].shape[0])

    @property
    def stops(self) -> tuple[float, float] | None:
        """(lowest, highest) strength of the calibration; None where there was none."""
        return (float(self.dial["r_min"]), float(self.dial["r_max"])) if self.dial else None

    def check(self, model: Any, *, known: str | None = None) -> None:
        """Raises SteeringError unless the vector was made for exactly this model.

        `known`: the model's fingerprint, where it was taken before.
        """
        if self.width != hidden_size(model):
            raise SteeringError(
                f"{self.behaviour}: wrong hidden size, the vector has {self.width} "
                f"and the model {hidden_size(model)}"
            )
        checked_layers(model, self.layers)
        if self.fingerprint == (known or fingerprint(model)):
            return
        if self.fingerprint == older_fingerprint(model):
            raise SteeringError(f"{self.behaviour}: {OLDER}")
        raise SteeringError(
            f"{self.behaviour}: this vector was made for another model or revision "
            f"({self.model} {self.fingerprint[:12]}); calibrate it again for this one"
        )

    def save(self, path: Path) -> None:
        header = {
            "format": FORMAT,
            "behaviour": self.behaviour,
            "model": self.model,
            "fingerprint": self.fingerprint,
            "layers": json.dumps(self.layers),
            "method": self.method,
            "pairs_hash": self.pairs_hash,
            "dial": json.dumps(self.dial, sort_keys=True),
        }
        tensors = {f"direction.{layer}": self.directions[layer].contiguous() for layer in self.layers}
        save_file(tensors, path, metadata=header)

    @classmethod
    def load(cls, path: Path) -> SteeringVector:
        """Raises SteeringError when the file is not one of ours."""
        try:
            with safe_open(path, framework="pt") as file:
                header = file.metadata() or {}
                if header.get("format") != FORMAT:
                    raise SteeringError(f"{path.name} is no steering vector of this kind ({FORMAT})")
                layers = json.loads(header["layers"])
                return cls(
                    behaviour=header["behaviour"],
                    directions={layer: file.get_tensor(f"direction.{layer}") for layer in layers},
                    model=header["model"],
                    fingerprint=header["fingerprint"],
                    method=header["method"],
                    pairs_hash=header["pairs_hash"],
                    dial=json.loads(header["dial"]),
                )
        except (OSError, SafetensorError, KeyError, struct.error, json.JSONDecodeError) as error:
            raise SteeringError(f"{path.name} cannot be read as a steering vector") from error

    def export_gguf(self, path: Path, model: Any) -> None:
        """The common control-vector layout, for a model that other engines run. Needs the `gguf` package.

        `direction.{n}` is added to the output of block n there as here, but block 0 has no place in it.
        """
        try:
            import gguf
        except ImportError as error:
            raise SteeringError(
                "the gguf export needs the package gguf: pip install -e '.[steering]'"
            ) from error
        if 0 in self.directions:
            raise SteeringError("gguf control vectors start at layer 1: layer 0 cannot be exported")
        writer = gguf.GGUFWriter(str(path), "controlvector")
        writer.add_string("controlvector.model_hint", str(model.config.model_type))
        writer.add_uint32("controlvector.layer_count", len(decoder_blocks(model)) - 1)
        for layer in self.layers:
            writer.add_tensor(f"direction.{layer}", self.directions[layer].float().numpy())
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
