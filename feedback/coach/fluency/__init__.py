"""Whether a sentence is English enough to be shown: a small language model of our own writing says so.

`rough(text)` is what the closed loop asks about a model's wordings. The model (`model.npz`, trained and
measured by `manage.py fluency`, figures in docs/coach_guard.md) holds how often which words follow which in
this repository's own texts; no external text was read. Pure numpy.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from feedback.coach.fluency.judge import Judge

__all__ = ["MODEL", "rough", "roughness"]

MODEL = Path(__file__).parent / "model.npz"


@cache
def shipped() -> Judge:
    """The shipped model, read once per process."""
    return Judge.load(MODEL)


def roughness(text: str) -> float:
    """How likely the text is no good English, in [0, 1]; 0.0 for a text without words."""
    return shipped().roughness(text)


def rough(text: str) -> bool:
    return shipped().rough(text)
