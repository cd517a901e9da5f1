"""How the seeker is moved by what was heard: four numbers and a layer of disclosure.

The directions follow motivational interviewing (reflections and autonomy open, unasked advice and
confrontation close; Miller and Rollnick 2013, ch. 5-6); the sizes are ours, set so that attentive
listening reaches the deepest layer in roughly eight to twelve messages. They are a training device,
not a model of anyone's mind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from peersupport.seeker.effects import EFFECTS, EMPATHY_EFFECTS, NEUTRAL, STYLES, Effect
from peersupport.seeker.questions import says_goodbye
from peersupport.seeker.safety_questions import asks_about_safety
from peersupport.seeker.scenario import LAYER_WORDS, TOP_LAYER, Scenario

__all__ = [
    "REASON_WORDS", "Heard", "SeekerState", "advance", "hear", "initial_state", "safety_asked", "talk_layer",
]  # fmt: skip

# No single message turns a person around: the sum of its effects is held within this.
MOST_PER_MESSAGE = 0.2
# Closed questions are harmless until the person has stiffened this much over the start.
TIRING = 0.04
BARRAGE = 3

NOD = 2  # words
_SHORT_GOODBYE = re.compile(
    r"\b(?:take care|see (?:you|ya|u)|c(?:ya| u)|ttyl|laters?|night|ciao)\b", re.IGNORECASE
)

# A word or two that carry one of these are no mere nod.
_SAYS_ENOUGH = frozenset(EFFECTS) | {"conclusion"}

REASON_WORDS: dict[str, str] = {
    "reflection_opened": "heard their own words back",
    "complex_reflection_opened": "felt understood beyond the words",
    "question_invited": "was invited to say more",
    "affirmed": "felt seen in what they already do",
    "autonomy_respected": "felt free to choose",
    "collaboration_sought": "was asked to work it out together",
    "supported": "felt someone on their side",
    "grounded": "came back to the moment",
    "greeted": "was welcomed",
    "fellow_feeling": "heard a little of the other person",
    "warmth_felt": "felt warmth",
    "understanding_felt": "felt understood",
    "interest_felt": "felt real interest",
    "advice_closed": "got advice they had not asked for",
    "direction_closed": "was told what to do",
    "confrontation_closed": "felt argued with",
    "warning_closed": "was warned",
    "inappropriate_hurt": "was hurt by the words",
    "persuasion_tired": "was talked into something, though asked first",
    "closed_question": "answered a narrow question",
    "questions_tired": "was tired by narrow questions",
    "silence_noticed": "got an empty message and noticed",
    "short_noticed": "got a word or two and noticed",
    "safety_asked": "was asked about safety, plainly",
    "layer_opened": "opened up a little further",
    "went_quiet": "drew back",
}


@dataclass(frozen=True)
class SeekerState:
    """Openness, distress, trust, resistance in [0, 1]; `layer` 0-3 is the deepest thing said so far."""

    openness: float
    distress: float
    trust: float
    resistance: float
    layer: int = 0

    def __post_init__(self) -> None:
        for name in ("openness", "distress", "trust", "resistance"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1")
        if not 0 <= self.layer <= TOP_LAYER:
            raise ValueError(f"layer must lie between 0 and {TOP_LAYER}")

    def to_dict(self) -> dict[str, float | int]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float | int]) -> SeekerState:
        """The inverse of `to_dict`; keys it does not know are ignored, a missing one is a KeyError."""
        numbers = {name: float(values[name]) for name in ("openness", "distress", "trust", "resistance")}
        return cls(**numbers, layer=int(values["layer"]))


@dataclass(frozen=True)
class Heard:
    """What the tagger heard in one counselor message; `empathy` levels are 0, 1 or 2."""

    techniques: frozenset[str]
    empathy: Mapping[str, int] = field(default_factory=dict)
    words: int = 0
    has_question: bool = False
    questions: int = 0
    asks_safety: bool = False
    asks_plan: bool = False
    hurts: bool = False


def hear(
    text: str,
    *,
    techniques: Iterable[str] = (),
    empathy: Mapping[str, int] | None = None,
    hurts: bool = False,
    spared: str = "",
) -> Heard:
    """A `Heard` for a message text: counts its words and questions, sees whether it asks about safety. A word
    or two that say no goodbye are none, whatever was read into them: an "ok" ends nothing. `hurts`: it calls
    names, belittles or worse, and asks about safety only in what of it is `spared` from that."""
    words = len(re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text))
    if words <= NOD and not says_goodbye(text) and not _SHORT_GOODBYE.search(text):
        techniques = set(techniques) - {"conclusion"}
    questions = len(re.findall(r"\?+", text))
    return Heard(
        frozenset(techniques),
        dict(empathy or {}),
        words,
        questions > 0,
        questions,
        asks_safety=asks_about_safety(spared if hurts else text),
        asks_plan=asks_about_safety(spared if hurts else text, after_cue=True),
        hurts=hurts,
    )


def safety_asked(heard: Heard, scenario: Scenario) -> bool:
    """Whether this person was asked about safety: one at risk also by "do you have a plan?"."""
    return heard.asks_safety or (scenario.risk and heard.asks_plan)


def initial_state(scenario: Scenario) -> SeekerState:
    return SeekerState(**scenario.start, layer=0)


def talk_layer(state: SeekerState, scenario: Scenario) -> int:
    """The layer the person would speak from now: what was said stays said, but they can draw back."""
    layer = 0
    for index, (openness, _) in enumerate(scenario.layers, start=1):
        # A little slack: one clumsy sentence does not send anybody back to small talk.
        if index <= state.layer and state.openness >= openness - 0.08:
            layer = index
    return layer


def stiffened(state: SeekerState, heard: Heard, scenario: Scenario) -> bool:
    """Whether a narrow question now would be one too many: several at once, or after others."""
    return state.resistance - scenario.start["resistance"] > TIRING or heard.questions >= BARRAGE


def advance(state: SeekerState, heard: Heard, scenario: Scenario) -> tuple[SeekerState, list[str]]:
    """The state after one counselor message, and why it moved (keys of `REASON_WORDS`).

    Adding an opening technique to a message never lowers openness or trust, and adding a closing one
    never raises them. Layers open one step at a time and never close.
    """
    effects, reasons = _effects(state, heard, scenario)
    move = Effect(
        *(max(-MOST_PER_MESSAGE, min(MOST_PER_MESSAGE, sum(parts))) for parts in zip(*effects, strict=True))
    )
    openness = _shift(state.openness, move.openness)
    distress = _shift(state.distress, move.distress)
    trust = _shift(state.trust, move.trust)
    resistance = _shift(state.resistance, move.resistance)
    layer = state.layer
    # Nobody begins on something new when they are being said goodbye to.
    if layer < TOP_LAYER and move.openness > 0 and "conclusion" not in heard.techniques:
        need_openness, need_trust = scenario.layers[layer]
        if openness >= need_openness and trust >= need_trust:
            layer += 1
            distress = _shift(distress, 0.04)  # saying it stirs it up
            reasons.append("layer_opened")
    after = SeekerState(openness, distress, trust, resistance, layer)
    if talk_layer(after, scenario) < talk_layer(state, scenario):
        reasons.append("went_quiet")
    return after, reasons


def _shift(value: float, move: float) -> float:
    """Moves towards the end of the scale, more slowly the nearer it is; rounded so that rows compare."""
    room = 1.0 - value if move > 0 else value
    return min(1.0, max(0.0, round(value + move * room, 6)))


def _effects(state: SeekerState, heard: Heard, scenario: Scenario) -> tuple[list[Effect], list[str]]:
    style = STYLES[scenario.style]
    effects: list[Effect] = [NEUTRAL]
    reasons: list[str] = []
    opening = False
    for technique in sorted(heard.techniques):
        if technique not in EFFECTS:
            continue
        reason, effect = EFFECTS[technique]
        opening = opening or effect.openness >= 0.03
        effects.append(style.apply(technique, effect))
        reasons.append(reason)
    for head in sorted(heard.empathy):
        level = heard.empathy[head]
        if level > 0 and head in EMPATHY_EFFECTS:
            reason, per_level = EMPATHY_EFFECTS[head]
            effects.append(style.apply(head, per_level[min(level, 2) - 1]))
            reasons.append(reason)
    if safety_asked(heard, scenario):
        effects.append(Effect(0.0, -0.01, 0.03, 0.0))
        reasons.append("safety_asked")
    elif heard.words == 0:
        effects.append(style.apply("silence", Effect(-0.05, 0.02, -0.05, 0.05)))
        reasons.append("silence_noticed")
    elif heard.words <= NOD and not heard.has_question and not heard.techniques & _SAYS_ENOUGH:
        effects.append(style.apply("silence", Effect(-0.03, 0.01, -0.03, 0.03)))
        reasons.append("short_noticed")
    elif "closed_question" in heard.techniques and not opening:
        tiring = stiffened(state, heard, scenario)
        size = Effect(-0.05, 0.02, -0.04, 0.07) if tiring else Effect(-0.01, 0.0, 0.0, 0.05)
        effects.append(style.apply("closed_question", size))
        reasons.append("questions_tired" if tiring else "closed_question")
    return effects, reasons


assert len(LAYER_WORDS) == TOP_LAYER + 1
