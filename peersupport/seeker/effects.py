"""Sizes of the effects: one row per technique, scaled by the scenario's style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Effect(NamedTuple):
    """Moves of openness, distress, trust and resistance, as a share of the room left on the scale."""

    openness: float
    distress: float
    trust: float
    resistance: float


NEUTRAL = Effect(0.0, 0.0, 0.0, 0.0)

EFFECTS: dict[str, tuple[str, Effect]] = {
    "reflection_complex": ("complex_reflection_opened", Effect(0.085, -0.03, 0.085, -0.08)),
    "reflection_simple": ("reflection_opened", Effect(0.05, -0.015, 0.05, -0.04)),
    "open_question": ("question_invited", Effect(0.05, 0.0, 0.025, -0.02)),
    "affirm": ("affirmed", Effect(0.035, -0.025, 0.055, -0.04)),
    "emphasize_autonomy": ("autonomy_respected", Effect(0.05, -0.02, 0.06, -0.1)),
    "seek_collaboration": ("collaboration_sought", Effect(0.035, -0.005, 0.05, -0.06)),
    "support": ("supported", Effect(0.03, -0.03, 0.055, -0.03)),
    "grounding": ("grounded", Effect(0.0, -0.06, 0.005, 0.0)),
    "introduction_greeting": ("greeted", Effect(0.0, -0.005, 0.015, -0.01)),
    "self_disclosure": ("fellow_feeling", Effect(0.0, 0.0, 0.01, 0.0)),
    "persuade_with_permission": ("persuasion_tired", Effect(-0.02, 0.0, -0.01, 0.04)),
    "advise_without_permission": ("advice_closed", Effect(-0.07, 0.015, -0.06, 0.1)),
    "direct": ("direction_closed", Effect(-0.08, 0.02, -0.07, 0.11)),
    "warn": ("warning_closed", Effect(-0.08, 0.05, -0.07, 0.11)),
    "confront": ("confrontation_closed", Effect(-0.11, 0.06, -0.11, 0.15)),
    "inappropriate": ("inappropriate_hurt", Effect(-0.15, 0.07, -0.18, 0.18)),
}
EMPATHY_EFFECTS: dict[str, tuple[str, tuple[Effect, Effect]]] = {
    "emotional_reactions": (
        "warmth_felt",
        (Effect(0.015, -0.01, 0.02, -0.01), Effect(0.03, -0.03, 0.045, -0.02)),
    ),
    "interpretations": (
        "understanding_felt",
        (Effect(0.015, 0.0, 0.015, -0.01), Effect(0.035, -0.01, 0.04, -0.02)),
    ),
    "explorations": (
        "interest_felt",
        (Effect(0.005, 0.0, 0.005, 0.0), Effect(0.02, 0.0, 0.02, -0.01)),
    ),
}

# What in a message stands behind a reason of `advance`: a technique or an empathy head, where one does.
REASON_SOURCES: dict[str, str] = {
    **{reason: technique for technique, (reason, _) in EFFECTS.items()},
    **{reason: head for head, (reason, _) in EMPATHY_EFFECTS.items()},
    "closed_question": "closed_question",
    "questions_tired": "closed_question",
}


@dataclass(frozen=True)
class Style:
    """Multipliers of what opens and what closes a person; `special` adds one for single sources."""

    opening: float = 1.0
    closing: float = 1.0
    special: Mapping[str, float] = field(default_factory=dict)

    def apply(self, source: str, effect: Effect) -> Effect:
        opens = effect.openness >= 0 and effect.trust >= 0
        scale = (self.opening if opens else self.closing) * self.special.get(source, 1.0)
        return Effect(*(part * scale for part in effect))


STYLES: dict[str, Style] = {
    "plain": Style(),
    "guarded": Style(0.85, 1.15, {"emphasize_autonomy": 1.5, "closed_question": 1.4, "affirm": 0.8}),
    "rambling": Style(1.05, 0.95, {"reflection_complex": 1.15, "open_question": 0.8, "closed_question": 0.7}),
    "upset": Style(0.95, 1.2, {"emotional_reactions": 1.5, "support": 1.4, "silence": 1.5}),
    # Agrees aloud and closes inside: praise slides off, being understood does not.
    "pleasing": Style(0.95, 0.9, {"affirm": 0.6, "reflection_complex": 1.2, "seek_collaboration": 1.3}),
}
