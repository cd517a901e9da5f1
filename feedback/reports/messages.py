"""Each message of a report with its tags, their grades and how far the tagger is to be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from feedback.coach.turns import Turn
from feedback.evidence.cards import Reliability, reliability_of
from feedback.evidence.grades import Grade, grade
from feedback.evidence.persuading import PERSUADING, persuading_notes
from feedback.evidence.study_types import Study
from skills.taxonomy import CODES, TECHNIQUES


def message_entries(
    turns: Sequence[Turn], study: Study, card: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """One entry per turn, in the shape that `session_report` documents."""
    trust = _trust(card)
    grades = {code: grade(code, study) for code in CODES}
    return [_entry(turn, study, grades, trust) for turn in turns]


def _trust(card: Mapping[str, Any] | None) -> dict[str, Reliability]:
    rows = (card or {}).get("codes", {})
    return {code: reliability_of(row) for code, row in rows.items()}


def _entry(
    turn: Turn, study: Study, grades: Mapping[str, Grade], trust: Mapping[str, Reliability]
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "index": turn.index,
        "message_id": turn.message_id,
        "role": turn.role,
        "text": turn.text,
        "risk_level": turn.risk_level,
        "tagged": turn.tags is not None,
        "notice": turn.tags.notice if turn.tags else "",
        "tags": [],
        "probabilities": None,
        "empathy": None,
        "persuading": None,
    }
    if turn.tags is None:
        return entry
    probabilities = {code: round(turn.probability(code), 4) for code in CODES}
    present = sorted(
        (code for code in turn.tags.present if code in TECHNIQUES), key=lambda c: -probabilities[c]
    )
    entry["probabilities"] = probabilities
    entry["empathy"] = dict(turn.tags.empathy)
    entry["tags"] = [
        {
            "code": code,
            "name": TECHNIQUES[code].name,
            "probability": probabilities[code],
            "span": list(turn.tags.spans[code]) if code in turn.tags.spans else None,
            "grade": {
                name: getattr(grades[code], name) for name in ("key", "label", "icon", "pattern", "reason")
            },
            "low_reliability": trust[code].low if code in trust else None,
        }
        for code in present
    ]
    notes = persuading_notes(turn.probabilities, study) if PERSUADING & set(present) else None
    if notes is not None:
        entry["persuading"] = {"name": notes.name, "explanation": notes.explanation}
    return entry
