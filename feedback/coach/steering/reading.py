"""Reading vectors: the direction along which a layer's states tell two kinds of reply apart.

Default is the mean difference. "pca" is the first principal axis of the paired differences *without*
centring: centring differences that all point the same way removes exactly the direction that is sought.
Both signs come from the classes, and neither depends on the order of the pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from feedback.coach.steering.blocks import checked_layers, decoder_blocks
from feedback.coach.steering.capture import last_states
from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.exchange import Form, encode
from feedback.coach.steering.pairs import Pair, check_pairs

METHODS = ("mean", "pca")
SHARE = 0.2  # of the layers, as in the paper (8 of 40, 5 of 32)
DEPTH = 0.4  # where they sit when separability does not decide


@dataclass(frozen=True)
class Reading:
    """By layer: unit direction [width]; held-out AUC of the projection; margin, the held-out mean distance
    of the classes in units of their standard deviation; mean |h| of the pairs' last tokens; `merit`, the AUC
    on the pairs that choose the layers, {} where none do."""

    directions: dict[int, torch.Tensor]
    auc: dict[int, float]
    margin: dict[int, float]
    norm: dict[int, float]
    merit: dict[int, float]


def direction(positive: torch.Tensor, negative: torch.Tensor, method: str = "mean") -> torch.Tensor:
    """Unit vector [width] from states [pairs, width] of each class. Raises SteeringError."""
    if method not in METHODS:
        raise SteeringError(f"unknown method {method!r}: there are {', '.join(METHODS)}")
    difference = positive.double() - negative.double()
    mean = difference.mean(dim=0)
    if method == "mean":
        found = mean
    else:
        found = torch.linalg.svd(difference, full_matrices=False).Vh[0]
        # A positive reply lies on the positive side; ties of the means go to the mean itself.
        found = found * (1.0 if found @ mean >= 0 else -1.0)
    length = found.norm()
    if not torch.isfinite(length) or length < 1e-12 * max(1.0, float(positive.norm(dim=-1).mean())):
        raise SteeringError("the model's states are the same for both replies: there is no direction to find")
    return (found / length).float()


def auc(positive: torch.Tensor, negative: torch.Tensor) -> float:
    """Chance that a random positive value exceeds a random negative one; ties count half."""
    gaps = positive[:, None] - negative[None, :]
    return float((gaps > 0).double().mean() + 0.5 * (gaps == 0).double().mean())


def read(
    model: Any,
    tokenizer: Any,
    fit: Sequence[Pair],
    held_out: Sequence[Pair],
    *,
    form: Form,
    choosing: Sequence[Pair] = (),
    layers: Sequence[int] | None = None,
    method: str = "mean",
    batch: int = 16,
) -> Reading:
    """Directions of `layers` (default: all) from `fit`, and how well they separate `held_out`, and `choosing`
    apart from those. Raises SteeringError."""
    check_pairs(fit, "pairs to fit")
    check_pairs(held_out, "held-out pairs")
    if choosing:
        check_pairs(choosing, "held-out pairs that choose the layers")
    every = range(len(decoder_blocks(model)))
    chosen = checked_layers(model, every if layers is None else layers)
    states = {}
    for part, pairs in (("fit", fit), ("held", held_out), ("choosing", choosing)):
        if not pairs:
            continue
        for sign in ("positive", "negative"):
            rows = [encode(tokenizer, form, pair.prompt, getattr(pair, sign)) for pair in pairs]
            states[part, sign] = last_states(model, rows, chosen, batch=batch)
    reading = Reading({}, {}, {}, {}, {})
    for layer in chosen:
        up, down = states["fit", "positive"][layer], states["fit", "negative"][layer]
        unit = direction(up, down, method)
        reading.directions[layer] = unit
        reading.norm[layer] = float(torch.cat([up, down]).norm(dim=-1).mean())
        above, below = (states["held", sign][layer] @ unit for sign in ("positive", "negative"))
        reading.auc[layer] = auc(above, below)
        spread = float(torch.cat([above - above.mean(), below - below.mean()]).std())
        reading.margin[layer] = float(above.mean() - below.mean()) / max(spread, 1e-12)
        if choosing:
            sides = (states["choosing", sign][layer] @ unit for sign in ("positive", "negative"))
            reading.merit[layer] = auc(*sides)
    return reading


def choose_layers(found: dict[int, float]) -> list[int]:
    """The run of neighbouring layers with the best mean AUC (of the pairs that choose); among equals that
    near DEPTH."""
    count = len(found)
    width = max(1, round(SHARE * count))

    def merit(start: int) -> tuple[float, float]:
        window = [found[layer] for layer in sorted(found)[start : start + width]]
        return round(sum(window) / width, 3), -abs(start + (width - 1) / 2 - DEPTH * (count - 1))

    start = max(range(count - width + 1), key=merit)
    return sorted(found)[start : start + width]
