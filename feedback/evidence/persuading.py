"""When the tagger cannot tell persuading with permission from unasked advice.

Even trained people agree on that difference only moderately (alpha .42, Shah et al. 2022), so an unsure
pair is shown as one thing, "persuading", with the notes of both codes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedback.evidence.grades import Grade, grade
from feedback.evidence.study_types import Study
from skills.taxonomy import TECHNIQUES

WITH, WITHOUT = "persuade_with_permission", "advise_without_permission"
PERSUADING = frozenset({WITH, WITHOUT})
SUGGESTING = (WITH, WITHOUT, "direct")
FLOOR = 0.25  # below this neither code is worth a word
MINOR_SHARE = 0.30  # the weaker code must hold this much of the pair's probability to count as a rival


@dataclass(frozen=True)
class PersuadingNotes:
    """What a card says instead of a technique of its own: "persuading", with the notes of both codes."""

    name: str
    explanation: str
    notes: tuple[tuple[str, Grade], ...]
    probabilities: tuple[float, ...]

    @property
    def named(self) -> list[dict[str, Any]]:
        """The notes as a page shows them: {"name", "definition", "grade", "probability" in [0, 1]}."""
        return [
            {
                "name": TECHNIQUES[code].name,
                "definition": TECHNIQUES[code].definition,
                "grade": found,
                "probability": probability,
            }
            for (code, found), probability in zip(self.notes, self.probabilities, strict=True)
        ]


def unsure_between(probabilities: Mapping[str, float]) -> bool:
    """Whether the two persuading codes are too close to call. `probabilities` maps code to [0, 1]."""
    first, second = probabilities.get(WITH, 0.0), probabilities.get(WITHOUT, 0.0)
    if max(first, second) < FLOOR:
        return False
    return min(first, second) / (first + second) >= MINOR_SHARE


def suggesting(probabilities: Mapping[str, float]) -> float:
    """How likely the message suggests something at all, in whichever of the three ways (noisy or)."""
    return 1 - math.prod(1 - probabilities.get(code, 0.0) for code in SUGGESTING)


def persuading_notes(probabilities: Mapping[str, float], study: Study) -> PersuadingNotes | None:
    """What to show for a message in which a persuading code was found; None where it is clear which."""
    if not unsure_between(probabilities):
        return None
    both = ((WITH, grade(WITH, study)), (WITHOUT, grade(WITHOUT, study)))
    explanation = (
        "Whether permission was asked is hard to tell here, for people as well as for the tagger, "
        "so both notes are shown."
    )
    chances = tuple(probabilities.get(code, 0.0) for code, _ in both)
    return PersuadingNotes("Persuading", explanation, both, chances)
