"""What kind of moment a counselor message makes: which kinds of line fit it, in waves from best to last."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from peersupport.seeker.effects import EFFECTS
from peersupport.seeker.questions import (
    asks_fact,
    asks_if_safe,
    asks_more,
    asks_permission,
    asks_step,
    dismisses,
    leaves_doing,
    says_goodbye,
    says_hello,
    sounds_like_advice,
    sounds_like_reflection,
    suggests,
)
from peersupport.seeker.scenario import Scenario
from peersupport.seeker.state import BARRAGE, Heard, SeekerState, safety_asked, stiffened, talk_layer

REFLECTIONS = frozenset({"reflection_simple", "reflection_complex"})
CHOICES = frozenset({"emphasize_autonomy", "seek_collaboration"})
INVITES = REFLECTIONS | CHOICES | {"open_question", "affirm", "support"}
WARMTH = frozenset({"affirm", "support"})
NODS = frozenset({"grounding"})
ADVICE = frozenset({"direct", "advise_without_permission", "persuade_with_permission"})
HURTS = frozenset({"confront", "warn", "inappropriate"})
OFFERS = frozenset({"persuade_with_permission", "give_information"})

# Likenesses, on the scale of a sentence encoder's cosine: on the subject, asking the very thing, and
# asking nothing else. Below FITTING it is a matter of chance whether an answer answers.
FITTING = 0.58
EXACT = 0.66
CERTAIN = 0.75


@dataclass(frozen=True)
class Wave:
    """Kinds that fit equally early, with their weights. `pull` is the weight of similarity;
    `layer` keeps to lines of exactly that layer; `deep` reaches down to all that was ever disclosed;
    `at_least` leaves out lines about something in particular (with cues) that are less like what was
    said than this, and `called_for` all lines without cues; `if_kept_back` passes the wave over unless
    what was said is so like a line that this person keeps to themselves for now; `in_order` takes file
    order."""

    weights: Mapping[str, float]
    pull: float = 0.8
    layer: int | None = None
    deep: bool = False
    at_least: float = 0.0
    called_for: bool = False
    if_kept_back: float = 0.0
    in_order: bool = False


@dataclass(frozen=True)
class Moment:
    """`layer` is where the person talks from now; waves are tried in turn."""

    layer: int
    waves: tuple[Wave, ...]


# Where every moment ends up once its own lines are used: going on, winding down, drawing back. Short
# answers stay out of it: nobody says how old they are when they were not asked.
_GOING_ON = Wave({"tell": 1.0, "disclose": 0.95, "reflect": 0.6, "answer": 0.6}, at_least=FITTING)
_REST = (
    _GOING_ON,
    Wave({"winding": 1.0}, in_order=True),
    Wave({"quiet": 1.0}),
    Wave({"tell": 1.0, "disclose": 0.9, "reflect": 0.8, "answer": 0.8, "thanks": 0.4}, deep=True),
    Wave({"thanks": 1.0, "choice": 0.9, "aside": 0.8, "closing": 0.8}, deep=True),
    Wave({"advice": 1.0, "permitted": 1.0, "dodge": 0.8, "pushback": 0.6}, deep=True),
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
    if heard.hurts:
        return (Wave({"pushback": 1.0, "quiet": 0.2 + reserve}), Wave({"quiet": 1.0, "advice": 0.6}))
    # A volunteer who asks about safety, rightly, must get an answer to that and nothing else.
    if safety_asked(heard, scenario):
        yes = (Wave({"short": 1.0}, pull=2.0, at_least=EXACT),) if asks_if_safe(text) else ()
        return (*yes, Wave({"safety": 1.0}, in_order=True))
    if heard.words == 0:
        return (Wave({"silence": 1.0}, in_order=True), Wave({"quiet": 1.0, "tell": 0.8}))
    leaving = "conclusion" in codes or (not asked and not codes & REFLECTIONS and says_goodbye(text))
    if heard.words <= 2 and not asked and not leaving and not (codes - NODS) & set(EFFECTS):
        return _minimal(state, turn=len(said))
    if codes & HURTS or (not asked and dismisses(text)):
        # A plain question about them may look like prying to the tagger; most people just answer it.
        plain = asked and codes & HURTS == {"inappropriate"}
        answer = (Wave({"short": 1.0, "answer": 1.0}, pull=2.0, at_least=EXACT),) if plain else ()
        return (*answer, Wave({"pushback": 1.0, "quiet": 0.2 + reserve}), Wave({"quiet": 1.0, "advice": 0.6}))
    hello = "introduction_greeting" in codes or (not said and says_hello(text))
    if hello and "greeting" not in said_kinds and not codes & (OFFERS | ADVICE):
        return (*((_ANSWER,) if asked else ()), Wave({"greeting": 1.0}))
    if leaving or (said_kinds & {"closing", "parting"} and not asked and not codes & INVITES):
        helped = state.trust >= scenario.start["trust"]
        return (Wave({"closing" if helped else "parting": 1.0}), Wave({"winding": 1.0}, in_order=True))
    if asks_permission(text):
        return (Wave({"permission": 1.0}),)
    fact = asked and asks_fact(text)
    if "chit_chat" in codes and not codes & (REFLECTIONS | ADVICE):
        return (*((_ANSWER,) if asked else ()), *_aside(codes))
    if owed and invited and not codes & ADVICE and not fact and not (asked and asks_step(text)):
        return (
            *((_ANSWER,) if asked else ()),
            Wave({"disclose": 1.0}, layer=state.layer),
            Wave({"tell": 1.0, "reflect": 0.9, "answer": 0.9}, layer=state.layer),
        )
    if codes & {"direct", "advise_without_permission"}:
        return (*((_ANSWER,) if asked else ()), *_urged(codes, reserve))
    if asked:
        return _asked(scenario, before, heard, text=text, fact=fact, reserve=reserve, turn=len(said))
    return (*_known_advice(codes, text), *_told(codes, text, reserve))


# The very thing that was asked.
_ANSWER = Wave({"answer": 1.0, "short": 0.9}, pull=2.0, at_least=EXACT)


def _urged(codes: Set[str], reserve: float) -> tuple[Wave, ...]:
    """Advice nobody asked for is answered with what this person has heard before; an order is resisted."""
    if "direct" in codes:
        return (Wave({"pushback": 0.9, "advice": 0.9, "quiet": 0.2 + reserve}), Wave({"quiet": 1.0}))
    return (
        Wave({"advice": 1.0, "pushback": 0.2}, at_least=FITTING),
        Wave({"pushback": 1.0, "quiet": 0.9 + reserve}),
    )


def _known_advice(codes: Set[str], text: str) -> tuple[Wave, ...]:
    """Advice that the tagger took for something else but this person has heard a hundred times."""
    if codes & REFLECTIONS or not sounds_like_advice(text):
        return ()
    return (Wave({"advice": 1.0}, pull=2.0, at_least=EXACT, called_for=True),)


def _told(codes: Set[str], text: str, reserve: float) -> tuple[Wave, ...]:
    """Whatever is neither asked nor urged."""
    if codes & CHOICES:
        # Free to speak or to keep quiet is one thing; free to act, later on, brings plans.
        speak = () if asks_step(text) or leaves_doing(text) else (Wave({"choice": 1.0}, layer=0),)
        return (
            *speak,
            Wave({"choice": 1.0, "reflect": 0.4}),
            Wave({"reflect": 1.0, "tell": 0.8, "thanks": 0.7}),
        )
    if codes & OFFERS and not codes & REFLECTIONS:
        return (Wave({"permitted": 1.0}), Wave({"advice": 0.7, "tell": 1.0}))
    if codes & REFLECTIONS:
        return (Wave({"reflect": 1.0, "tell": 0.7, "disclose": 0.95, "quiet": reserve}),)
    if codes & WARMTH:
        # Thanks with cues answer praise for something in particular, which not all kind words are.
        thanks = Wave({"thanks": 1.0, "reflect": 0.45, "tell": 0.5}, at_least=FITTING)
        return (thanks, Wave({"tell": 1.0, "reflect": 0.9}))
    if "self_disclosure" in codes:
        return _aside(codes)
    if not codes & set(EFFECTS) and sounds_like_reflection(text):
        return (Wave({"reflect": 1.0, "tell": 0.75, "disclose": 0.95, "quiet": reserve}),)
    return (Wave({"tell": 1.0, "disclose": 0.8, "reflect": 0.6, "aside": 0.4, "quiet": 0.2 + reserve}),)


def _aside(codes: Set[str]) -> tuple[Wave, ...]:
    """Something of the listener's own life, or of neither's: lines with cues are about the first."""
    own = (Wave({"aside": 1.0}, called_for=True),) if "self_disclosure" in codes else ()
    return (*own, Wave({"aside": 1.0, "tell": 0.4}, at_least=EXACT), Wave({"tell": 1.0, "thanks": 0.6}))


def _minimal(state: SeekerState, *, turn: int) -> tuple[Wave, ...]:
    """A nod gets remarked on; somebody who trusts the listener lets every other one pass and goes on."""
    remark = Wave({"minimal": 1.0})
    going_on = Wave({"tell": 1.0, "disclose": 0.9, "quiet": 0.3})
    return (going_on,) if state.trust >= 0.5 and turn % 2 else (remark, going_on)


def _asked(
    scenario: Scenario, before: SeekerState, heard: Heard, *, text: str, fact: bool, reserve: float, turn: int
) -> tuple[Wave, ...]:
    codes = heard.techniques
    if "persuade_with_permission" in codes:
        return (Wave({"permitted": 1.0}), Wave({"advice": 0.7, "tell": 1.0}))
    if asks_step(text):
        return (Wave({"choice": 1.0}), Wave({"answer": 1.0, "tell": 0.8}))
    if suggests(text) and not codes & {"open_question"}:
        return (_ANSWER, Wave({"advice": 1.0, "dodge": 0.3}, at_least=FITTING))
    if heard.words <= 2 and not fact:  # their own word, handed back with a question mark
        return (_ANSWER, Wave({"tell": 1.0, "disclose": 0.9, "reflect": 0.7, "quiet": reserve}))
    if ("open_question" in codes and not fact) or asks_more(text):
        quiet = 0.3 + 2 * reserve
        return (
            _ANSWER,
            # Those who have begun to trust put it off more kindly, where their style has lines for that.
            Wave({"dodge": 1.0}, layer=1, if_kept_back=CERTAIN),
            Wave({"dodge": 1.0, "quiet": 2 * reserve}, if_kept_back=CERTAIN),
            Wave({"answer": 1.0, "disclose": 0.9, "tell": 0.8, "quiet": quiet}, at_least=FITTING),
            Wave({"reflect": 1.0, "quiet": quiet}),
        )
    return _closed(scenario, before, heard, reserve=reserve, turn=turn)


def _closed(
    scenario: Scenario, before: SeekerState, heard: Heard, *, reserve: float, turn: int
) -> tuple[Wave, ...]:
    """Narrow questions get short answers; one too many gets said so; what nothing answers is dodged."""
    answers = Wave({"short": 1.0, "answer": 0.95}, pull=2.0, at_least=FITTING)
    dodge = Wave({"dodge": 1.0, "quiet": 2 * reserve})
    # A tired person says so now and then, and rather than dodging; in between they still answer.
    tired = "closed_question" in heard.techniques and stiffened(before, heard, scenario)
    if tired and (turn % 4 == 3 or heard.questions >= BARRAGE):
        return (Wave({"tired": 1.0}), answers, dodge)
    if tired and turn % 2:
        return (answers, Wave({"tired": 1.0}), dodge)
    if heard.techniques & (REFLECTIONS | WARMTH):
        return (answers, Wave({"reflect": 1.0, "tell": 0.9, "thanks": 0.7}), dodge)
    return (answers, dodge)
