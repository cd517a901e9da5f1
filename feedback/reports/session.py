"""The report of one session as plain data: the job stores it, the page shows it, `analyse` writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from feedback.coach.alternatives import Embed, Retag
from feedback.coach.bank import bank_version
from feedback.coach.compose import Composition, compose
from feedback.coach.turns import Turn
from feedback.evidence.grades import grade
from feedback.evidence.study_types import Study
from feedback.reports.crisis import crisis_section
from feedback.reports.messages import message_entries
from feedback.reports.points import Helpers, Reword, jsonable, point_entries
from feedback.reports.ratios import ratios
from peersupport.safety.policy import DEFAULT_POLICY
from skills.tagger.types import fit
from skills.taxonomy import TECHNIQUES

__all__ = ["REPORT_VERSION", "Turn", "session_report"]

REPORT_VERSION = "session-2"


def session_report(
    turns: Sequence[Turn],
    *,
    study: Study,
    card: Mapping[str, Any] | None = None,
    topic: str = "general",
    embed: Embed | None = None,
    retag: Retag | None = None,
    reword: Reword | None = None,
    seed: int = 0,
    coach: str | None = None,
    policy: str = DEFAULT_POLICY,
) -> dict[str, Any]:
    """The whole report. The same turns, versions and seed give the same report.

    `card` is the tagger's model card (`read_card()`); `embed` and `retag` are the tagger's own methods
    `embed` and `tag`; `reword` words drafts in one batch and returns one text per request, or raises;
    `coach` names the model behind `reword`. Missing parts make the report partial, never an error.

    Returns JSON-able values::

        status      "ready" | "partial"
        missing     [{"what": "tags"|"rewording"|"alternative"|"check", "index": int|None, "text": str}]; of
                    "rewording" also "why", the engine's own words
        notices     [{"key": str, "text": str, "indexes": [int]}]
        topic       topic family used for the alternatives
        messages    [{"index", "message_id", "role", "text", "risk_level", "tagged", "notice",
                      "tags": [{"code", "name", "probability", "span": [start, stop]|None,
                                "grade": {"key", "label", "icon", "pattern", "reason"},
                                "low_reliability": bool|None}], strongest first
                      "probabilities": {code: float}|None, "empathy": {head: 0|1|2}|None,
                      "persuading": {"name", "explanation"}|None}]
        ratios      as `feedback.reports.ratios.ratios`
        mix         the technique mix of `ratios`, with "name" and "grade" (key) beside each
        strengths   [{"index", "message_id", "technique", "name", "basis", "text", "reason", "grade",
                      "probability", "also_in"}], at most 3
        points      [{"index", "message_id", "rule", "title", "goal", "reason", "technique",
                      "recommended": {"code", "name", "why", "grade"}|None, "also_in",
                      "evidence": [{"about": "done"|"recommended", "code", "name", "grade": {...}, "study"}],
                      "alternative": {"text", "technique", "source": "authored"|"model", "fallback": bool,
                                      "checks": {"confirmed", "tagged_as", "tried", "refused", "place"}}|None,
                      "wordings": {"judged": int, "refused": {reason: int}}|None}]
        crisis      as `feedback.reports.crisis.crisis_section`, or None when no cue was found
        coach       {"model": str|None, "text": str}
        versions    {"report", "tagger", "study", "alternatives", "coach"}

    `index` is always `Turn.index`. When `crisis` is not None it overrides: points are about the cue only
    and carry no alternative, because the wording there is the organisation's.
    """
    turns = [_fitted(turn) for turn in sorted(turns, key=lambda turn: turn.index)]
    composition = compose(turns, study, policy=policy)
    summary = ratios(turns)
    points, lacking = point_entries(
        composition, turns, study, topic, Helpers(embed=embed, retag=retag, reword=reword), seed
    )
    missing = _untagged(turns) + lacking
    return jsonable(
        {
            "status": "partial" if missing else "ready",
            "missing": missing,
            "notices": _notices(turns, composition, summary),
            "topic": topic,
            "messages": message_entries(turns, study, card),
            "ratios": {key: value for key, value in summary.items() if key != "mix"},
            "mix": [
                {**row, "name": TECHNIQUES[row["code"]].name, "grade": grade(row["code"], study).key}
                for row in summary["mix"]
            ],
            "strengths": [asdict(strength) for strength in composition.strengths],
            "points": points,
            "crisis": crisis_section(composition.crisis),
            "coach": {
                "model": coach if reword else None,
                "text": _coach_text(coach if reword else None, points),
            },
            "versions": {
                "report": REPORT_VERSION,
                "tagger": card["version"] if card else None,
                "study": f"{study.slug} {study.version}",
                "alternatives": bank_version(),
                "coach": coach if reword else None,
            },
        }
    )


def _fitted(turn: Turn) -> Turn:
    return replace(turn, tags=fit(turn.tags, turn.text)) if turn.tags is not None else turn


def _untagged(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    return [
        {
            "what": "tags",
            "index": turn.index,
            "text": "This message could not be tagged; the figures and points leave it out.",
        }
        for turn in turns
        if turn.by_counselor and turn.tags is None and not turn.earlier
    ]


def _notices(
    turns: Sequence[Turn], composition: Composition, summary: dict[str, Any]
) -> list[dict[str, Any]]:
    found: list[tuple[str, str, list[int]]] = []
    texts = {
        "not_english": "Some messages do not look like English, which is all the tagger was trained on.",
        "truncated": "Some messages are longer than the tagger reads; only their beginning was tagged.",
        "empty": "Some messages hold no words, so there was nothing to tag.",
    }
    for key, text in texts.items():
        indexes = [t.index for t in turns if t.by_counselor and t.tags is not None and t.tags.notice == key]
        if indexes:
            found.append((key, text, indexes))
    if not any(turn.by_counselor for turn in turns):
        found.append(
            ("no_counselor_messages", "There is no message of the counselor to give feedback on.", [])
        )
    elif summary["note"]:
        found.append(("short_chat", summary["note"], []))
    if composition.crisis:
        text = "A sign of risk was found, so the points are about that alone."
        found.append(("crisis_first", text, [index for index, _ in composition.crisis.cues]))
    disclosed = [turn.index for turn in turns if turn.by_counselor and turn.risk_level != "none"]
    if disclosed:
        text = (
            "The counselor may have written about themselves; "
            "the human contacts of the programme are there for them."
        )
        found.append(("counselor_disclosure", text, disclosed))
    return [{"key": key, "text": text, "indexes": indexes} for key, text, indexes in found]


def _coach_text(model: str | None, points: Sequence[Mapping[str, Any]]) -> str:
    if not any(point["alternative"] for point in points):
        return ""
    if model is None:
        return "No language model is configured: the suggested replies were written in advance by people."
    if not any(point["alternative"]["source"] == "model" for point in points if point["alternative"]):
        return "No wording of the language model passed the checks: people wrote the suggested replies."
    return (
        "Suggested replies marked as a model's were worded by it and checked; "
        "the others were written by people."
    )
