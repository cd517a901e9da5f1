"""The crisis part of a report: the policy's checklist beside what was seen in the chat."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from feedback.coach.crisis import CrisisView


def crisis_section(view: CrisisView | None) -> dict[str, Any] | None:
    """None without a cue, else::

    {"level": "passive"|"explicit", "cues": [{"index", "level"}], "answered": bool, "policy": str,
     "overrides_skill_points": True, "text": str,
     "checklist": [{"key", "title", "detail", "status": "seen"|"not_seen"|"not_checked",
                        "index": int|None, "message_id"}]}
    """
    if view is None:
        return None
    text = (
        "A sign of risk comes before any skill. The list shows what was seen in the messages that followed; "
        "a rule can miss what a person would see."
    )
    if not view.answered:
        text = "The chat ended on a sign of risk, before a message could follow. The list is for next time."
    return {
        "level": view.level,
        "cues": [{"index": index, "level": level} for index, level in view.cues],
        "answered": view.answered,
        "policy": view.policy,
        "overrides_skill_points": True,
        "text": text,
        "checklist": [asdict(item) for item in view.items],
    }
