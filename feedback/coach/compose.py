"""What to say about a session: strengths first, then at most two points.

A risk cue overrides all skill feedback: the points are then about the cue alone. Otherwise points come
in this order: techniques that guidelines discourage, techniques linked to worse symptoms, missed
opportunities. The words are tentative and about the counselor's message, never about the counselor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.coach.crisis import CrisisView, crisis_view
from feedback.coach.points import Moment, crisis_moments, moments
from feedback.coach.strengths import Strength, strengths
from feedback.coach.turns import Turn
from feedback.coach.wording import Wording, wording_for
from feedback.evidence.grades import Grade, grade
from feedback.evidence.persuading import SUGGESTING
from feedback.evidence.study_types import Study
from peersupport.safety.policy import DEFAULT_POLICY
from skills.taxonomy import TECHNIQUES

MAX_POINTS = 2
_BY_GUIDELINE = "It is consistent with motivational interviewing guidelines."


@dataclass(frozen=True)
class EvidenceNote:
    """One code's grade in words, with the study it comes from."""

    code: str
    name: str
    grade: Grade
    study: str


@dataclass(frozen=True)
class Point:
    """One thing to try. `about` holds the evidence on what was done, `instead` on what is recommended."""

    index: int
    message_id: str
    rule: str
    title: str
    goal: str
    reason: str
    technique: str | None
    recommended: str | None
    recommended_why: str
    about: tuple[EvidenceNote, ...]
    instead: EvidenceNote | None
    also_in: tuple[int, ...]


@dataclass(frozen=True)
class Composition:
    strengths: tuple[Strength, ...]
    points: tuple[Point, ...]
    crisis: CrisisView | None


def compose(
    turns: Sequence[Turn], study: Study, *, max_points: int = MAX_POINTS, policy: str = DEFAULT_POLICY
) -> Composition:
    """Strengths and points of a session; a pure function of the turns and the study.

    Turns whose tags are None are passed over. Two points never share a message or a rule.
    """
    turns = sorted(turns, key=lambda turn: turn.index)
    view = crisis_view(turns, policy=policy)
    if view is not None:
        # Crisis points may concern the same moment, so they may share its message.
        chosen = crisis_moments(view)[:max_points]
    else:
        chosen = _choose(moments(turns, study), max_points)
    return Composition(strengths(turns, study), tuple(_point(moment, study) for moment in chosen), view)


def _choose(found: Sequence[Moment], limit: int) -> list[Moment]:
    chosen: list[Moment] = []
    for moment in found:
        taken = any(
            moment.turn.index == other.turn.index or _group(moment) == _group(other) for other in chosen
        )
        if not taken:
            chosen.append(moment)
    return chosen[:limit]


def _group(moment: Moment) -> str:
    # Persuading in its three shapes is one lesson, and so are both ways of missing a reflection.
    if set(moment.about) & set(SUGGESTING):
        return "persuading"
    if moment.rule in ("feeling_passed_over", "no_reflection"):
        return "reflecting"
    return moment.about[0] if moment.about else moment.rule


def _point(moment: Moment, study: Study) -> Point:
    # An unsure pair has no technique of its own: it is called persuading.
    technique = moment.about[0] if len(moment.about) == 1 else None
    wording: Wording = wording_for(moment.rule, technique)
    instead = _note(moment.recommended, study) if moment.recommended else None
    return Point(
        index=moment.turn.index,
        message_id=moment.turn.message_id,
        rule=moment.rule,
        title=wording.title,
        goal=wording.goal,
        reason=wording.reason.replace("{size}", study.size),
        technique=technique,
        recommended=moment.recommended,
        recommended_why=_why(instead),
        about=tuple(_note(code, study) for code in moment.about),
        instead=instead,
        also_in=moment.also_in,
    )


def _note(code: str, study: Study) -> EvidenceNote:
    return EvidenceNote(code, TECHNIQUES[code].name, grade(code, study), f"{study.slug} {study.version}")


def _why(note: EvidenceNote | None) -> str:
    if note is None:
        return ""
    return note.grade.reason if note.grade.key == "helpful" else f"{_BY_GUIDELINE} {note.grade.reason}"
