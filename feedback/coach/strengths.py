"""What the counselor did well: said first, and always when anything good is there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from feedback.coach.turns import Turn, counselor_turns, seeker_before
from feedback.evidence.grades import DISCOURAGED, grade
from feedback.evidence.study_types import Study
from peersupport.safety.conduct import concerns
from skills.taxonomy import EMPATHY, TECHNIQUES

MAX_STRENGTHS = 3
SURE = 0.5
MIN_WORDS = 4
STACKED = 3  # questions in one message
_QUESTION = re.compile(r"\?+")

# What the counselor did, per code; order is the rank among codes of the same evidence.
DONE = {
    "reflection_complex": "The counselor found words for the feeling or meaning behind the seeker's message.",
    "emphasize_autonomy": "The counselor left the choice clearly with the seeker.",
    "reflection_simple": "The counselor said back what the seeker had told, so the seeker could feel heard.",
    "affirm": "The counselor noticed a strength or an effort of the seeker and said so.",
    "seek_collaboration": "The counselor asked before going on, which makes it a shared conversation.",
    "open_question": "The counselor asked a question that leaves room for a full answer.",
    "support": "The counselor showed warmth and stood by the seeker.",
    "grounding": "The counselor kept the contact alive with short signs of listening.",
    "introduction_greeting": "The counselor opened the conversation in a welcoming way.",
    "conclusion": "The counselor closed the conversation with care.",
}
CONTACT = ("grounding", "introduction_greeting", "conclusion")
ANSWERING = ("reflection_simple", "reflection_complex", "open_question", "affirm")
GUIDELINE = frozenset(code for code in DONE if TECHNIQUES[code].family == "mi_consistent")
EMPATHY_DONE = {
    "emotional_reactions": "The counselor let real warmth and concern show.",
    "interpretations": "The counselor showed an understanding of what the seeker may be going through.",
    "explorations": "The counselor gently explored what lies behind the seeker's words.",
}


@dataclass(frozen=True)
class Strength:
    """`technique` is a leaf code or empathy head; `basis` is evidence, guideline, empathy or contact."""

    index: int
    message_id: str
    technique: str
    name: str
    basis: str
    text: str
    reason: str
    grade: str
    probability: float | None
    also_in: tuple[int, ...] = ()


def strengths(turns: Sequence[Turn], study: Study, *, limit: int = MAX_STRENGTHS) -> tuple[Strength, ...]:
    """At most `limit`, each of another technique; evidence first, then guideline, warmth, contact."""
    tagged = counselor_turns(turns)
    found = [_technique(code, tagged, turns, study) for code in DONE]
    found += [_empathy(head, tagged, study) for head in EMPATHY_DONE]
    ranked = sorted((s for s in found if s is not None), key=lambda s: _RANK[s.basis])
    kept: list[Strength] = []
    for strength in ranked:
        sibling = any(
            strength.technique.startswith("reflection") and k.technique.startswith("reflection") for k in kept
        )
        if not sibling:
            kept.append(strength)
    return tuple(kept[:limit])


_RANK = {"evidence": 0, "guideline": 1, "empathy": 2, "contact": 3}


def _technique(code: str, tagged: list[Turn], turns: Sequence[Turn], study: Study) -> Strength | None:
    having = [turn for turn in tagged if turn.has(code) and not turn.unsure(code) and not _spoiled(turn)]
    # A bare "okay" earns no praise for a skill, however sure the tagger is.
    having = [turn for turn in having if turn.probability(code) >= SURE or code in CONTACT]
    having = [turn for turn in having if len(turn.text.split()) >= MIN_WORDS or code in CONTACT]
    if code in ANSWERING:
        having = [turn for turn in having if seeker_before(turns, turn) is not None]
    if not having:
        return None
    best = max(having, key=lambda turn: (turn.probability(code), -turn.index))
    verdict = grade(code, study)
    if verdict.key == "helpful":
        basis, reason = "evidence", verdict.reason
    elif code in GUIDELINE:
        basis = "guideline"
        reason = "It is consistent with motivational interviewing guidelines."
    else:
        basis, reason = "contact", "It keeps contact with the seeker; no outcome is claimed for it."
    if code == "support":
        basis = "empathy"
    return Strength(
        index=best.index,
        message_id=best.message_id,
        technique=code,
        name=TECHNIQUES[code].name,
        basis=basis,
        text=DONE[code],
        reason=reason,
        grade=verdict.key,
        probability=round(best.probability(code), 4),
        also_in=tuple(turn.index for turn in having if turn is not best),
    )


def _empathy(head: str, tagged: list[Turn], study: Study) -> Strength | None:
    having = [turn for turn in tagged if turn.empathy(head) > 0 and not _spoiled(turn)]
    having = [turn for turn in having if len(turn.text.split()) >= MIN_WORDS and not _only_contact(turn)]
    if not having:
        return None
    best = max(having, key=lambda turn: (turn.empathy(head), -turn.index))
    return Strength(
        index=best.index,
        message_id=best.message_id,
        technique=head,
        name=EMPATHY[head].name,
        basis="empathy",
        text=EMPATHY_DONE[head],
        reason="Warmth and understanding are what peer support rests on.",
        grade=grade(head, study).key,
        probability=None,
        also_in=tuple(turn.index for turn in having if turn is not best),
    )


def _only_contact(turn: Turn) -> bool:
    return turn.has("introduction_greeting", "chit_chat")


def _spoiled(turn: Turn) -> bool:
    """Praise for a message that also scolds, orders or hurts, that stacks questions, or after which the
    seeker drew back, would teach that too."""
    stacked = len(_QUESTION.findall(turn.text)) >= STACKED
    return turn.has(*DISCOURAGED) or turn.drew_back or stacked or bool(concerns(turn.text))
