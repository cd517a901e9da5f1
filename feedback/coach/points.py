"""The moments of a session worth a point, in order of weight. Warmth is never one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.coach.crisis import CrisisView
from feedback.coach.cues import asks_advice, effort, feeling
from feedback.coach.turns import Turn, counselor_turns, seeker_before
from feedback.evidence.grades import DISCOURAGED, grade
from feedback.evidence.persuading import (
    FLOOR,
    PERSUADING,
    SUGGESTING,
    WITH,
    WITHOUT,
    suggesting,
    unsure_between,
)
from feedback.evidence.study_types import Study
from skills.taxonomy import TECHNIQUES

LIKELY = 0.5  # a tag below "more likely than not" is too unsure to build a point on
SEVERITY = ("inappropriate", "confront", "warn", "direct", "advise_without_permission")
CLOSED_IN_A_ROW = 3
LONG_ENOUGH = 4  # counselor messages after which a session without any reflection is worth a word
REFLECTIONS = ("reflection_simple", "reflection_complex")


@dataclass(frozen=True)
class Moment:
    """A rule that fits one message. `about` are the codes that the point is about: none for a missed
    opportunity, two where the tagger is unsure which of them it is."""

    rule: str
    turn: Turn
    recommended: str | None
    about: tuple[str, ...] = ()
    also_in: tuple[int, ...] = ()


def moments(turns: Sequence[Turn], study: Study) -> list[Moment]:
    """All moments of a session without a crisis, most important first."""
    tagged = counselor_turns(turns)
    worse = [
        code for code in TECHNIQUES if code not in DISCOURAGED and grade(code, study).key == "linked_to_worse"
    ]
    return [
        *(moment for code in SEVERITY for moment in _said(code, "discouraged", tagged, turns)),
        *(moment for code in worse for moment in _said(code, "linked_to_worse", tagged, turns)),
        *_suggesting(tagged, turns),
        *_closed_questions(tagged, turns),
        *_feeling_passed_over(tagged, turns),
        *_no_reflection(tagged, turns),
        *_effort_unnoticed(tagged, turns),
    ]


def crisis_moments(view: CrisisView) -> list[Moment]:
    """What was not seen after a risk cue, in the order of the checklist that matters most: refer first,
    beside the answer to the plainest sign; the others beside the answer to the first."""
    missing = [key for key in ("refer", "notice", "ask") if view.not_seen(key)]
    turns = {"refer": view.gravest}
    return [Moment(f"crisis_{key}", turns.get(key, view.anchor), None) for key in missing]


def _said(code: str, rule: str, tagged: list[Turn], turns: Sequence[Turn]) -> list[Moment]:
    having = [turn for turn in tagged if turn.has(code) and _likely(turn, code)]
    if not having:
        return []
    best = max(having, key=lambda turn: (turn.probability(code), -turn.index))
    about: tuple[str, ...] = (code,)
    if code in PERSUADING and unsure_between(best.probabilities):
        rule, about = "persuading", (WITH, WITHOUT)
    recommended = _instead_of(code, seeker_before(turns, best))
    return [Moment(rule, best, recommended, about, _others(having, best))]


def _likely(turn: Turn, code: str) -> bool:
    if code in PERSUADING and unsure_between(turn.probabilities):
        # That somebody was persuading may be clear although it is not clear which way.
        return suggesting(turn.probabilities) >= LIKELY
    return turn.probability(code) >= LIKELY


def _suggesting(tagged: list[Turn], turns: Sequence[Turn]) -> list[Moment]:
    """Messages that suggest something while the tagger cannot say in which of the three ways."""
    unclear = [
        turn
        for turn in tagged
        if suggesting(turn.probabilities) >= LIKELY
        and FLOOR <= max(turn.probability(code) for code in SUGGESTING) < LIKELY
    ]
    if not unclear:
        return []
    best = max(unclear, key=lambda turn: (suggesting(turn.probabilities), -turn.index))
    about = sorted(SUGGESTING, key=lambda code: -best.probability(code))[:2]
    recommended = _instead_of(about[0], seeker_before(turns, best))
    return [Moment("persuading", best, recommended, tuple(about), _others(unclear, best))]


def _instead_of(code: str, before: Turn | None) -> str:
    text = before.text if before else ""
    if code == "inappropriate":
        return "support"
    if code == "confront":
        return "reflection_complex"
    if code in ("warn", WITH):
        return "emphasize_autonomy"
    if asks_advice(text):
        return "seek_collaboration"
    if code == "advise_without_permission" and feeling(text):
        return "reflection_complex"
    return "emphasize_autonomy"


def _closed_questions(tagged: list[Turn], turns: Sequence[Turn]) -> list[Moment]:
    best: tuple[int, Turn] | None = None
    run = 0
    for turn in tagged:
        if turn.has("closed_question") and not turn.has(*REFLECTIONS, "open_question"):
            run += max(1, turn.text.count("?"))
            if run >= CLOSED_IN_A_ROW and (best is None or run > best[0]):
                best = (run, turn)
        else:
            run = 0
    if best is None:
        return []
    before = seeker_before(turns, best[1])
    recommended = "reflection_simple" if before and feeling(before.text) else "open_question"
    return [Moment("closed_questions", best[1], recommended, ("closed_question",))]


def _feeling_passed_over(tagged: list[Turn], turns: Sequence[Turn]) -> list[Moment]:
    missed: list[tuple[int, Turn]] = []
    for turn in tagged:
        before = seeker_before(turns, turn)
        strength = feeling(before.text) if before else 0
        if strength and not _met(turn, strength) and not _answered_earlier(tagged, before, turn, strength):
            missed.append((strength, turn))
    if not missed:
        return []
    strength, turn = max(missed, key=lambda pair: (pair[0], -pair[1].index))
    recommended = "reflection_complex" if strength == 2 else "reflection_simple"
    also = _others([turn for _, turn in missed], turn)
    return [Moment("feeling_passed_over", turn, recommended, also_in=also)]


def _met(turn: Turn, strength: int) -> bool:
    """Whether a message took up a feeling; a milder one may also be met by asking about it."""
    warm = any(turn.empathy(head) > 0 for head in ("emotional_reactions", "interpretations"))
    asked = turn.has("open_question") or turn.empathy("explorations") > 0
    # Blaming somebody for a missed reflection that the tagger missed would be the worse mistake.
    named = feeling(turn.text) and not turn.has(*DISCOURAGED)
    return warm or named or turn.has(*REFLECTIONS, "support", "affirm") or (asked and strength < 2)


def _answered_earlier(tagged: list[Turn], before: Turn, turn: Turn, strength: int) -> bool:
    # Two messages in a row to the same words of the seeker: the first may have met the feeling.
    return any(before.index < other.index < turn.index and _met(other, strength) for other in tagged)


def _no_reflection(tagged: list[Turn], turns: Sequence[Turn]) -> list[Moment]:
    if len(tagged) < LONG_ENOUGH or any(turn.has(*REFLECTIONS) for turn in tagged):
        return []
    answering = [(turn, seeker_before(turns, turn)) for turn in tagged]
    answering = [(turn, before) for turn, before in answering if before is not None]
    if not answering:
        return []
    turn, _ = max(answering, key=lambda pair: (feeling(pair[1].text), len(pair[1].text), -pair[0].index))
    return [Moment("no_reflection", turn, "reflection_simple")]


def _effort_unnoticed(tagged: list[Turn], turns: Sequence[Turn]) -> list[Moment]:
    for turn in tagged:
        before = seeker_before(turns, turn)
        if before and effort(before.text) and not turn.has("affirm", *REFLECTIONS):
            return [Moment("effort_unnoticed", turn, "affirm")]
    return []


def _others(having: list[Turn], best: Turn) -> tuple[int, ...]:
    return tuple(turn.index for turn in having if turn is not best)
