"""The calibrated dials of a loaded model: which one a request turns, and how far.

`feedback.coach.dial_files` says which files serve; they are looked at again before each batch of requests, so
that an admin's choice holds from the next one on. Importing this module is light.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback.coach import dial_files
from feedback.coach.steering.pairs import lowest

if TYPE_CHECKING:
    from feedback.coach.steering.injection import Injection

logger = logging.getLogger(__name__)
# Turned both ways by what is asked of them; of every other dial only the upper side is used.
BOTH_WAYS = frozenset({"openness"})


class Dials:
    """The dials of one model. `injection` is None where none can be turned; `refused` says in words why a
    file that should serve does not."""

    def __init__(self, model: Any, folder: Path, home: Path | None, rows: int) -> None:
        from feedback.coach.steering.blocks import fingerprint, older_fingerprint

        self.model, self.folder, self.home, self.rows = model, folder, home, rows
        self.fingerprint, self.older = fingerprint(model), older_fingerprint(model)
        self.injection: Injection | None = None
        self.refused: dict[str, str] = {}
        self._seen: tuple[int, int] | None = None
        self.install()

    def changed(self) -> bool:
        """Whether somebody chose otherwise since the dials were installed."""
        return self._seen != dial_files.stamp(self.home)

    def install(self) -> Injection | None:
        """Puts the dials that serve on the model, in place of the ones before, while nothing runs in it.

        A file that is no dial, or one of another model or revision, is refused, and the model answers
        without it. So is one that an admin chose when these weights still had their older mark.
        """
        from feedback.coach.steering.errors import SteeringError
        from feedback.coach.steering.injection import Injection
        from feedback.coach.steering.vectors import OLDER, SteeringVector

        if self.injection is not None:
            self.injection.remove()
            self.injection = None
        self._seen, self.refused = dial_files.stamp(self.home), {}
        if self.home and self.older != self.fingerprint:
            before, now = (dial_files.choices(self.home, mark) for mark in (self.older, self.fingerprint))
            self.refused = {name: f"{name}: {OLDER}" for name in before if before[name] and name not in now}
        turning = {}
        for name, path in dial_files.serving(self.folder, self.home, self.fingerprint).items():
            try:
                vector = SteeringVector.load(path)
                vector.check(self.model, known=self.fingerprint)
            except SteeringError as error:
                self.refused[name] = str(error)
                logger.warning("a dial is not used: %s", error)
                continue
            if vector.stops and vector.stops[1] > 0:
                turning[name] = vector
        if turning:
            self.injection = Injection(self.model, turning, rows=self.rows)
        return self.injection

    def ends(self) -> dict[str, float]:
        """The upper end stop of each dial that can be turned."""
        return {name: one.stops[1] for name, one in self.injection.vectors.items()} if self.injection else {}

    def lows(self) -> dict[str, float]:
        """The lower end stop of each dial that runs both ways."""
        found = self.injection.vectors if self.injection else {}
        return {name: lower_stop(name, one.stops) for name, one in found.items() if name in BOTH_WAYS}


def lower_stop(name: str, stops: tuple[float, float]) -> float:
    """How far down a dial goes, 0 or less: never below what its behaviour allows (never less warmth)."""
    return min(0.0, max(stops[0], lowest(name))) + 0.0


def strengths(injection: Injection | None, turns: Mapping[str, float]) -> dict[str, float]:
    """The strengths of a request that turns dials by shares in [-1, 1]: up to the upper end stop, down to the
    lower one.

    Each end stop was found with its dial turned alone: several at once share the way.
    """
    if injection is None:
        return {}
    shares = {name: min(1.0, max(-1.0, share)) for name, share in turns.items() if name in injection.vectors}
    whole = max(1.0, sum(abs(share) for share in shares.values()))
    found = {}
    for name, share in shares.items():
        stops = injection.vectors[name].stops
        strength = abs(share) / whole * (stops[1] if share > 0 else lower_stop(name, stops))
        if strength:
            found[name] = strength
    return found
