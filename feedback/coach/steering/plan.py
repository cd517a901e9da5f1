"""What a calibration will do, settled before anything is measured."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.pairs import Behaviour, pairs_hash

FIT_POINTS = 9  # least grid points of a fit
REACH = 0.6  # of the mean |h|, over the root of the number of layers


@dataclass(frozen=True)
class Options:
    """`span`: the grid runs from -span to span (None: from the states' own size); `fit_share` of it is what
    the laws are fitted on; `tolerated`: relative loss of helpfulness at the end stop; `weight`: worth of
    alignment against it; `replies`: free replies per strength of at most `tokens` tokens."""

    layers: tuple[int, ...] | None = None
    method: str = "mean"
    span: float | None = None
    points: int = 21
    fit_share: float = 0.5
    tolerated: float = 0.1
    weight: float = 1.0
    resamples: int = 400
    replies: int = 20
    tokens: int = 40
    batch: int = 16
    seed: int = 0

    def check(self) -> Options:
        """Itself. Raises SteeringError."""
        if self.points < FIT_POINTS or self.points % 2 == 0:
            raise SteeringError(f"points: an odd number from {FIT_POINTS}, so that 0 is on a symmetric grid")
        if self.span is not None and not (math.isfinite(self.span) and self.span > 0):
            raise SteeringError("span: a positive number")
        if not 0 < self.tolerated < 1:
            raise SteeringError("tolerated: a share between 0 and 1")
        inside = 2 * math.floor(self.points // 2 * self.fit_share + 1e-9) + 1
        if not 0 < self.fit_share <= 1 or inside < FIT_POINTS:
            raise SteeringError(f"fit_share: {inside} grid points to fit, at least {FIT_POINTS} are needed")
        if min(self.resamples, self.replies, self.tokens, self.batch) < 2:
            raise SteeringError("resamples, replies, tokens and batch: at least 2 each")
        return self


@dataclass(frozen=True)
class Plan:
    grid: tuple[float, ...]
    fit_range: float
    layers: tuple[int, ...]
    fingerprint: str
    pairs: str
    scored: str
    options: Options

    @property
    def name(self) -> str:
        """Hash of everything that a measured cell depends on."""
        # Neither changes a measured value: they only say what is made of it.
        measured = replace(self.options, tolerated=0.1, weight=1.0, resamples=2)
        return hashlib.sha256(json.dumps({**asdict(self), "options": asdict(measured)}).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        return {"grid": list(self.grid), "fit_range": self.fit_range, **asdict(self.options)}


def make_plan(
    behaviour: Behaviour, options: Options, layers: Sequence[int], norms: dict[int, float], mark: str
) -> Plan:
    options.check()
    size = sum(norms[layer] for layer in layers) / len(layers)
    span = options.span or REACH * size / math.sqrt(len(layers))
    half = options.points // 2
    step = float(f"{span / half:.3g}")  # a grid that a person can read
    inside = math.floor(half * options.fit_share + 1e-9)
    scored = json.dumps(
        [[item.prompt, item.reply, item.options] for item in behaviour.references]
        + [behaviour.instruction, behaviour.scored_by, pairs_hash(behaviour.held_out)]
    )
    return Plan(
        grid=tuple(round(step * n, 10) for n in range(-half, half + 1)),
        fit_range=round(step * inside, 10),
        layers=tuple(layers),
        fingerprint=mark,
        pairs=pairs_hash(behaviour.fit),
        scored=hashlib.sha256(scored.encode()).hexdigest(),
        options=options,
    )
