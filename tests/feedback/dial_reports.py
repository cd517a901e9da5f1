"""A report as `steering_calibrate` writes it, and its vector, made up: for pages that only show them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils import timezone

from feedback.models import DialCalibration

ABOUT = {"openness": "the seeker opens up"}  # as of the handwritten pairs
GRID = (-8.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0)


def report_of(behaviour: str, mark: str, *, usable: bool = True, low: float = 0.0) -> dict[str, Any]:
    def arm(slope: float) -> list[dict[str, float]]:
        return [
            {
                "r": r,
                "alignment": 0.2 + slope * r,
                "helpfulness": 0.4 / (1 + 0.002 * r * r),
                "coherent": 1.0,
                "change": abs(r),
                "gap_sd": 1 + abs(r),
            }
            for r in GRID
        ]

    end = 8.0 if usable else 0.0
    return {
        "behaviour": behaviour,
        "about": ABOUT.get(behaviour, "affirm against open_question, in coach-mini's own language"),
        "model": {"name": "tiny", "fingerprint": mark},
        "pairs": {"hash": "0" * 64, "fit": 240, "held_out": 80, "references": 60},
        "floor": 0.0,
        "plan": {"grid": list(GRID)},
        "arms": {
            "steered": arm(0.05),
            "random": arm(0.01),
            "prompt": [{"r": 0.0, "alignment": 0.7, "helpfulness": 0.38, "coherent": 1.0}],
        },
        "random_move": 0.05,
        "fits": {
            "alignment": {"law": {"a": 0.05, "b0": 0.2}, "slope_at_0": 0.05, "prompts": 40},
            "helpfulness": {
                "law": {"P0": 0.4, "k": 0.002, "r0": 0.0},
                "rival": {"P0": 0.4, "s": 0.01, "r0": 0.0},
                "prompts": 30,
            },
        },
        "dial": {
            "usable": usable,
            "reasons": [] if usable else ["the behaviour falls as the dial is turned up"],
            "r_min": low,
            "r_min_interval": [low - 0.5, low],
            "r_max": end,
            "r_max_interval": [7.5, 8.5] if usable else [0.0, 0.0],
            "without": 0.04 if usable else 1.0,
            "limited_by": "the end of the sweep",
            "tolerated": 0.1,
        },
    }


def old_report_of(behaviour: str, mark: str) -> dict[str, Any]:
    """A report as it was stored before intervals drew prompts whole: of items, and with the share of a random
    direction between the two ends of the fitted range."""
    report = report_of(behaviour, mark)
    report["random_share"] = report.pop("random_move")
    for law in report["fits"].values():
        del law["prompts"]
    del report["dial"]["without"]
    return report


def vector_of(
    folder: str, behaviour: str, mark: str, *, seed: int = 1, low: float = 0.0, end: float = 8.0
) -> Any:
    """A direction that moves the tiny model; `mark` may be that of other weights."""
    from feedback.coach.engine import CoachConfig, load_model
    from tests.feedback.steering_models import vector

    model, _ = load_model(CoachConfig(folder, dtype="float32", device="cpu"))
    found = vector(model, seed=seed, dial={"r_min": low, "r_max": end})
    return replace(found, behaviour=behaviour, fingerprint=mark)


def finished_calibration(admin, model: str = "tiny") -> DialCalibration:
    """A row with its report, without files."""
    mark = "a" * 64
    return DialCalibration.objects.create(
        behaviour="warmth",
        model=model,
        fingerprint=mark,
        asked_by=admin,
        finished_at=timezone.now(),
        report=report_of("warmth", mark),
    )
