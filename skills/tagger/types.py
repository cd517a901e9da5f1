"""What goes into the tagger and what comes out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TagInput:
    """A helper's message; `previous` is the seeker message right before it, empty if there is none."""

    text: str
    previous: str = ""


@dataclass(frozen=True, slots=True)
class TagResult:
    """Calibrated probabilities of all codes, the present ones, empathy levels and where each code is said.

    `spans`: character offsets (start, stop) into the given text of each present code's best sentence.
    `notice`: "" | "empty" | "not_english" | "truncated".
    """

    probabilities: dict[str, float]
    present: list[str]
    empathy: dict[str, int]
    spans: dict[str, tuple[int, int]]
    notice: str = ""
