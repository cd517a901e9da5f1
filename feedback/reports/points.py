"""The points of a report with their suggested replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from feedback.coach.alternatives import Alternative, Embed, Retag, Wanted, Wordings, choose, ranked
from feedback.coach.bank import Line
from feedback.coach.compose import Composition, Point
from feedback.coach.reply_prompt import EngineError, RewordRequest
from feedback.coach.turns import Turn, seeker_before
from feedback.evidence.grades import grade
from feedback.evidence.study_types import Study
from skills.taxonomy import CODES

DRAFTS = 3  # authored lines per point that are offered for rewording
TURNS = (0.5, 1.0, 0.0)  # how far each of them turns the technique's dial, where the model has one

Reword = Callable[[list[RewordRequest]], Sequence[str]]


@dataclass(frozen=True)
class Helpers:
    """What ranks, checks and words a suggestion; each may be absent."""

    embed: Embed | None = None
    retag: Retag | None = None
    reword: Reword | None = None


def point_entries(
    composition: Composition,
    turns: Sequence[Turn],
    study: Study,
    topic: str,
    helpers: Helpers,
    seed: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The points in the shape that `session_report` documents, and what could not be provided for them."""
    missing: list[dict[str, Any]] = []
    wanted = {p.index: _wanted(p, turns, topic) for p in composition.points if p.recommended}
    authored = {index: ranked(want, helpers.embed) for index, want in wanted.items()}
    reworded = _reworded(wanted, authored, helpers.reword, seed, missing)
    avoid = frozenset(code for code in CODES if grade(code, study).key in ("discouraged", "linked_to_worse"))
    used: set[str] = set()
    entries = []
    for point in composition.points:
        alternative, wordings = None, Wordings()
        if point.index in wanted:
            alternative = choose(
                wanted[point.index],
                authored=authored[point.index],
                reworded=reworded.get(point.index, ()),
                retag=helpers.retag,
                avoid=avoid,
                used=frozenset(used),
                wordings=wordings,
            )
            if alternative is None:
                missing.append(
                    {
                        "what": "alternative",
                        "index": point.index,
                        "text": "No suggested reply passed the checks.",
                    }
                )
            else:
                used.add(alternative.text)
        entry = _point_entry(point, alternative)
        entry["wordings"] = asdict(wordings) if wordings.judged else None
        entries.append(entry)
    if helpers.retag is None and used:
        missing.append({"what": "check", "index": None, "text": "The suggested replies could not be tagged."})
    return entries, missing


def _wanted(point: Point, turns: Sequence[Turn], topic: str) -> Wanted:
    turn = next(turn for turn in turns if turn.index == point.index)
    before = seeker_before(turns, turn)
    return Wanted(
        technique=point.recommended,
        topic=topic,
        seeker=before.text if before else "",
        volunteer=turn.text,
        chat=tuple(t.text for t in turns if t.index <= turn.index),
    )


def _reworded(
    wanted: Mapping[int, Wanted],
    authored: Mapping[int, Sequence[Line]],
    reword: Reword | None,
    seed: int,
    missing: list[dict[str, Any]],
) -> dict[int, list[str]]:
    """All drafts of all points in one batch; a failing model costs the rewordings, never the report."""
    if reword is None or not wanted:
        return {}
    requests, owners = [], []
    for index, want in wanted.items():
        for rank, line in enumerate(authored[index][:DRAFTS]):
            own_seed = (seed * 1_000_003 + index * 101 + rank) % 2**31
            words = (want.seeker, want.volunteer, want.technique, line.text)
            requests.append(RewordRequest(*words, own_seed, TURNS[rank]))
            owners.append(index)
    try:
        texts = reword(requests)
    except Exception as error:  # whatever breaks in a model, the report stays whole
        # Only the engine's own messages are known to quote nothing from the chat.
        why = str(error) if isinstance(error, EngineError) else type(error).__name__
        text = f"The suggested replies are the authored ones: {why}."
        missing.append({"what": "rewording", "index": None, "text": text, "why": why})
        return {}
    result: dict[int, list[str]] = {}
    for index, text in zip(owners, texts, strict=True):
        result.setdefault(index, []).append(text)
    return result


def _point_entry(point: Point, alternative: Alternative | None) -> dict[str, Any]:
    instead = point.instead
    return {
        "index": point.index,
        "message_id": point.message_id,
        "rule": point.rule,
        "title": point.title,
        "goal": point.goal,
        "reason": point.reason,
        "technique": point.technique,
        "recommended": {
            "code": instead.code,
            "name": instead.name,
            "why": point.recommended_why,
            "grade": instead.grade.key,
        }
        if instead
        else None,
        "also_in": list(point.also_in),
        "evidence": _evidence(point),
        "alternative": jsonable(asdict(alternative)) if alternative else None,
    }


def _evidence(point: Point) -> list[dict[str, Any]]:
    notes = [("done", note) for note in point.about]
    if point.instead:
        notes.append(("recommended", point.instead))
    return [{"about": about, **jsonable(asdict(note))} for about, note in notes]


def jsonable(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, Mapping):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value
