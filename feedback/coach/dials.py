"""The calibrated dials of a model: which one a technique turns, and how far.

They lie beside the weights, in `dials/<behaviour>.safetensors` of the model's folder, as `steering_calibrate`
writes them. Importing this module is light.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback.coach.rewording import EngineError, RewordRequest

if TYPE_CHECKING:
    from feedback.coach.steering.injection import Injection

FOLDER = "dials"
TURNS = {
    "reflection_simple": "reflection",
    "reflection_complex": "reflection",
    "emphasize_autonomy": "autonomy",
}


def install(model: Any, folder: Path, rows: int) -> Injection | None:
    """Dials that may be turned at all, on the model as it was loaded; None where there are none.

    Raises EngineError for a file that is no dial, and for one of another model or revision.
    """
    files = sorted((folder / FOLDER).glob("*.safetensors"))
    if not files:
        return None
    from feedback.coach.steering.errors import SteeringError
    from feedback.coach.steering.injection import Injection
    from feedback.coach.steering.vectors import SteeringVector

    try:
        found = {path.stem: SteeringVector.load(path) for path in files}
        turning = {name: one for name, one in found.items() if one.stops and one.stops[1] > 0}
        return Injection(model, turning, rows=rows) if turning else None
    except SteeringError as error:
        raise EngineError(f"a dial of COACH_MODEL cannot be used: {error}") from error


def strengths(injection: Injection, request: RewordRequest) -> dict[str, float]:
    """What the request turns: `turn` of the way to the end stop of its technique's dial."""
    name = TURNS.get(request.technique)
    if name not in injection.vectors or not request.turn:
        return {}
    return {name: min(1.0, max(0.0, request.turn)) * injection.vectors[name].stops[1]}
