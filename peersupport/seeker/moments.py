"""What kind of moment a counselor message makes: which kinds of line fit it, in waves from best to last."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from peersupport.seeker.effects import EFFECTS
from peersupport.seeker.scenario import Scenario
from peersupport.seeker.state import Heard, SeekerState, asks_about_safety, stiffened, talk_layer

REFLECTIONS = frozenset({"reflection_simple", "reflection_complex"})
CHOICES = frozenset({"emphasize_autonomy", "seek_collaboration"})
INVITES = REFLECTIONS | CHOICES | {"open_question", "affirm", "support"}
WARMTH = frozenset({"affirm", "support"})
ASIDES = frozenset({"chit_chat", "self_disclosure"})
NODS = frozenset({"grounding"})
ADVICE = frozenset({"direct", "advise_without_permission", "persuade_with_permission"})
HURTS = frozenset({"confront", "warn", "inappropriate"})
OFFERS = frozenset({"persuade_with_permission", "give_information"})


# Said before something is offered, and asked about what comes next: both want one kind of answer,
# and the techniques alone do not tell them from other questions.
_ASKS_PERMISSION = re.compile(
    r"(?:would|is|will) it (?:be )?(?:ok|okay|alright|all right|fine|useful|helpful) if (?:i|we)\b"
    r"|(?:can|could|may|might) i (?:share|suggest|offer|tell you (?:about|something)|make a suggestion)"
    r"|(?<!what )(?<!how )would you (?:like|want) (?:to hear|me to)"
    r"|would you be (?:open|willing) to hear|mind if i\b",
    re.IGNORECASE,
)
_ASKS_STEP = re.compile(
    r"(?:next|small|first|one) (?:little |small )?step|what (?:could|might|can|will) you (?:do|try)"
    r"|what (?:would|do) you (?:want|like) to (?:do|try)|(?:feels?|seems?) (?:doable|possible)"
    r"|taking away|take away",
    re.IGNORECASE,
)
# Open or closed to the tagger, they ask for a fact; without one a person hedges, and does not confide.
_ASKS_FACT = re.compile(
    r"(?:^|[.!?,]\s*|\band )(?:so |and )?"
    r"(?:how (?:old|long|many|much|often)|when|where|who|which)\b[^?]*\?\s*$",
    re.IGNORECASE,
)
_ASKS_MORE = re.compile(
    r"(?:tell|say|share)(?: me)?(?: a (?:bit|little))? more|(?:want|like) to (?:talk|tell me)",
    re.IGNORECASE,
)
# Likenesses, on the scale of a sentence encoder's cosine: on the same subject, and asking the very thing.
NEAR = 0.4
FITTING = 0.48
EXACT = 0.55


@dataclass(frozen=True)
class Wave:
    """Kinds that fit equally early, with their weights. `pull` is the weight of similarity;
    `layer` keeps to lines of exactly that layer; `deep` reaches down to all that was ever disclosed;
    `at_least` gives the wave up when its best line is about something in particular (has cues) and is
    less like what was said than this; `in_order` takes file order."""

    weights: Mapping[str, float]
    pull: float = 0.8
    layer: int | None = None
    deep: bool = False
    at_least: float = 0.0
    in_order: bool = False


@dataclass(frozen=True)
class Moment:
    """`layer` is where the person talks from now; waves are tried in turn."""

    layer: int
    waves: tuple[Wave, ...]


# Where every moment ends up once its own lines are used: going on, drawing back, winding down.
_GOING_ON = Wave({"tell": 1.0, "disclose": 0.95, "reflect": 0.6, "answer": 0.6})
_REST = (
    _GOING_ON,
    Wave({"winding": 1.0}, in_order=True),
    Wave({"quiet": 1.0}),
    Wave({"tell": 1.0, "disclose": 0.9, "reflect": 0.8, "answer": 0.8, "thanks": 0.4}, deep=True),
    Wave({"thanks": 1.0, "choice": 0.9, "aside": 0.8, "closing": 0.8}, deep=True),
    Wave({"advice": 1.0, "permitted": 1.0, "short": 0.8, "dodge": 0.8, "pushback": 0.6}, deep=True),
    Wave({"tired": 1.0, "silence": 0.5, "minimal": 0.4}, deep=True),
)


def moment_of(
    scenario: Scenario, state: SeekerState, *, before: SeekerState, heard: Heard, text: str, said: Set[str]
) -> Moment:
    """The moment that this message makes, strongest claim first."""
    withdrawn = state.resistance > 0.6 and state.openness < 0.32
    first = _first_waves(
        scenario, state, before=before, heard=heard, text=text, said=said, withdrawn=withdrawn
    )
    quiet = (Wave({"quiet": 1.0}),) if withdrawn else ()
    return Moment(talk_layer(state, scenario), (*first, *quiet, *_REST))


def _first_waves(
    scenario: Scenario,
    state: SeekerState,
    *,
    before: SeekerState,
    heard: Heard,
    text: str,
    said: Set[str],
    withdrawn: bool,
) -> tuple[Wave, ...]:
    codes = heard.techniques
    said_lines = [line for line in scenario.lines if line.id in said]
    said_kinds = {line.kind for line in said_lines}
    # A layer can open on a message that had to be answered otherwise; its disclosure is then still owed.
    owed = state.layer > 0 and not any(
        line.kind == "disclose" and line.layer == state.layer for line in said_lines
    )
    invited = state.layer > before.layer or bool(codes & INVITES)
    asked = heard.has_question or bool(codes & {"open_question", "closed_question"})
    reserve = 0.5 if withdrawn else 0.0
    if asks_about_safety(text):
        return (Wave({"safety": 1.0}, in_order=True),)
    if heard.words == 0:
        return (Wave({"silence": 1.0}, in_order=True), Wave({"quiet": 1.0, "tell": 0.8}))
    if heard.words <= 2 and not asked and not (codes - NODS) & set(EFFECTS):
        return _minimal(state, turn=len(said))
    if codes & HURTS:
        return (Wave({"pushback": 1.0, "quiet": 0.2 + reserve}), Wave({"quiet": 1.0, "advice": 0.6}))
    if "introduction_greeting" in codes and "greeting" not in said_kinds and not codes & OFFERS:
        return (Wave({"greeting": 1.0}),)
    if "conclusion" in codes or ("closing" in said_kinds and not asked and not codes & INVITES):
        return (Wave({"closing": 1.0}), Wave({"winding": 1.0}, in_order=True))
    if _ASKS_PERMISSION.search(text):
        return (Wave({"permission": 1.0}),)
    if owed and invited and not codes & ADVICE:
        return (
            *((Wave({"answer": 1.0, "short": 0.9}, pull=1.2, at_least=EXACT),) if asked else ()),
            Wave({"disclose": 1.0}, layer=state.layer),
            Wave({"tell": 1.0, "reflect": 0.9, "answer": 0.9}, layer=state.layer),
        )
    if "direct" in codes:
        return (Wave({"pushback": 0.9, "advice": 0.9, "quiet": 0.2 + reserve}), Wave({"quiet": 1.0}))
    if "advise_without_permission" in codes:
        return (Wave({"advice": 1.0, "pushback": 0.2}), Wave({"pushback": 1.0, "quiet": 0.9 + reserve}))
    if "persuade_with_permission" in codes or (codes & OFFERS and not asked and not codes & REFLECTIONS):
        return (Wave({"permitted": 1.0}), Wave({"advice": 0.7, "tell": 1.0}))
    if asked and _ASKS_STEP.search(text):
        return (Wave({"choice": 1.0}), Wave({"answer": 1.0, "tell": 0.8}))
    if ("open_question" in codes and not _ASKS_FACT.search(text)) or (asked and _ASKS_MORE.search(text)):
        held_back = 0.3 + 2 * reserve
        return (
            Wave({"answer": 1.0, "tell": 0.75, "disclose": 0.9, "quiet": held_back}, at_least=NEAR),
            Wave({"disclose": 1.0, "tell": 0.9, "reflect": 0.3, "quiet": held_back}),
        )
    if asked:
        return _closed(scenario, before, heard, reserve=reserve, turn=len(said))
    if codes & CHOICES:
        return (Wave({"choice": 1.0, "reflect": 0.4}), Wave({"reflect": 1.0, "tell": 0.8, "thanks": 0.7}))
    if codes & REFLECTIONS:
        return (Wave({"reflect": 1.0, "tell": 0.7, "disclose": 0.95, "quiet": reserve}),)
    if codes & WARMTH:
        return (Wave({"thanks": 1.0, "reflect": 0.45, "tell": 0.5}), Wave({"tell": 1.0, "reflect": 0.9}))
    if codes & ASIDES:
        return (Wave({"aside": 1.0, "tell": 0.4}), Wave({"tell": 1.0, "thanks": 0.6}))
    return (Wave({"tell": 1.0, "disclose": 0.8, "reflect": 0.6, "aside": 0.4, "quiet": 0.2 + reserve}),)


def _minimal(state: SeekerState, *, turn: int) -> tuple[Wave, ...]:
    """A nod gets remarked on; somebody who trusts the listener lets every other one pass and goes on."""
    remark = Wave({"minimal": 1.0})
    going_on = Wave({"tell": 1.0, "disclose": 0.9, "quiet": 0.3})
    return (going_on,) if state.trust >= 0.5 and turn % 2 else (remark, going_on)


def _closed(
    scenario: Scenario, before: SeekerState, heard: Heard, *, reserve: float, turn: int
) -> tuple[Wave, ...]:
    """Narrow questions get short answers; one too many gets said so; what nothing answers is dodged."""
    answers = Wave({"short": 1.0, "answer": 0.95, "quiet": reserve}, pull=1.2, at_least=FITTING)
    dodge = Wave({"dodge": 1.0})
    # Not twice running: even a tired person answers every other time.
    if stiffened(before, heard, scenario) and turn % 2 == 0:
        return (
            Wave({"tired": 1.3, "short": 0.85, "answer": 0.75}, pull=1.2, at_least=NEAR),
            answers,
            dodge,
        )
    if heard.techniques & (REFLECTIONS | WARMTH):
        return (answers, Wave({"reflect": 1.0, "tell": 0.9, "thanks": 0.7}), dodge)
    return (answers, dodge)
