"""The calibrated dials of a loaded model: which one a request turns, and how far.

`feedback.coach.dial_files` says which files serve; they are looked at again before each batch of requests, so
that an admin's choice holds from the next one on. Importing this module is light.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback.coach import dial_files
from feedback.coach.rewording import RewordRequest

if TYPE_CHECKING:
    from feedback.coach.steering.injection import Injection

logger = logging.getLogger(__name__)
TURNS = {
    "reflection_simple": "reflection",
    "reflection_complex": "reflection",
    "emphasize_autonomy": "autonomy",
}


class Dials:
    """The dials of one model. `injection` is None where none can be turned; `refused` says in words why a
    file that should serve does not."""

    def __init__(self, model: Any, folder: Path, home: Path | None, rows: int) -> None:
        from feedback.coach.steering.blocks import fingerprint

        self.model, self.folder, self.home, self.rows = model, folder, home, rows
        self.fingerprint = fingerprint(model)
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
        without it.
        """
        from feedback.coach.steering.errors import SteeringError
        from feedback.coach.steering.injection import Injection
        from feedback.coach.steering.vectors import SteeringVector

        if self.injection is not None:
            self.injection.remove()
            self.injection = None
        self._seen, self.refused = dial_files.stamp(self.home), {}
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


def strengths(injection: Injection | None, request: RewordRequest) -> dict[str, float]:
    """What the request turns, `turn` or the wish being shares of the way to the end stop.

    What somebody wishes for goes before the technique's own dial. Each end stop was found with its dial
    turned alone: several at once share the way.
    """
    if injection is None:
        return {}
    asked = dict(request.wishes) or {TURNS.get(request.technique, ""): request.turn}
    shares = {name: min(1.0, max(0.0, share)) for name, share in asked.items() if name in injection.vectors}
    whole = max(1.0, sum(shares.values()))
    return {
        name: share / whole * injection.vectors[name].stops[1] for name, share in shares.items() if share > 0
    }
