"""Another wording of a suggested reply, as its reader turned the dials: through the same closed loop.

Warmth is a dial of the language model: shares of the way to the end stop that its calibration found, from 0
up, and less of it where the loop refuses what is wished for. Brevity turns nothing in the model: it takes the
shortest of several wordings that pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from feedback.coach.alternatives import Wanted, choose, ranked
from feedback.coach.reply_prompt import EngineError, RewordRequest
from feedback.evidence.grades import grade
from feedback.evidence.study_types import Study
from feedback.reports.points import Helpers, jsonable
from skills.taxonomy import CODES

WARMTH = "warmth"
SHARES = (1.0, 1.0, 1.0, 1.0, 0.5, 0.5)  # of the wish: what is wished for first
SHORTEST_OF = 6  # authored lines, the nearest ones, of which the shortest comes first


def point_at(body: Mapping[str, Any], index: int) -> dict[str, Any] | None:
    """The point of a report that suggests a reply at a message."""
    points = body.get("points", ())
    return next((one for one in points if one["index"] == index and one["alternative"]), None)


def another(
    body: Mapping[str, Any],
    index: int,
    *,
    study: Study,
    helpers: Helpers,
    seed: int,
    warmth: float = 0.0,
    brief: bool = False,
    seen: Sequence[str] = (),
) -> dict[str, Any]:
    """{"text", "alternative" as in a report or None, "share": how far of the way warmth was turned for it,
    "why": the engine's words where it failed}. `text` is "" where nothing new passed; `seen` are wordings
    that were shown before. KeyError where the report suggests nothing at that message."""
    point = point_at(body, index)
    if point is None:
        raise KeyError(index)
    wanted = wanted_at(body, point)
    shown = {one["alternative"]["text"] for one in body["points"] if one["alternative"]}
    authored = ranked(wanted, helpers.embed)
    if brief:
        near = sorted(authored[:SHORTEST_OF], key=lambda line: len(line.text.split()))
        authored = near + authored[SHORTEST_OF:]
    drafts = [line.text for line in authored] or [point["alternative"]["text"]]
    worded, why = _worded(wanted, drafts, helpers, seed, warmth)
    if brief:
        # Stable: among equals the order of the wishes holds, and what is less warm comes after all others.
        worded.sort(key=lambda one: (one[1] < warmth, len(one[0].split())))
    found = choose(
        wanted,
        authored=authored,
        reworded=[text for text, _ in worded],
        retag=helpers.retag,
        avoid=frozenset(
            code for code in CODES if grade(code, study).key in ("discouraged", "linked_to_worse")
        ),
        used=frozenset(shown.union(seen)),
    )
    place = found.checks.place if found else None
    return {
        "text": found.text if found else "",
        "alternative": jsonable(asdict(found)) if found else None,
        "share": worded[place - 1][1] if place else 0.0,
        "why": why,
    }


def wanted_at(body: Mapping[str, Any], point: Mapping[str, Any]) -> Wanted:
    """What the reply is for, out of the report's own copy of the chat."""
    so_far = [entry for entry in body["messages"] if entry["index"] <= point["index"]]
    before = (
        entry["text"]
        for entry in reversed(so_far)
        if entry["role"] == "seeker" and entry["index"] < point["index"]
    )
    own = next((entry["text"] for entry in so_far if entry["index"] == point["index"]), "")
    return Wanted(
        technique=point["recommended"]["code"],
        topic=body["topic"],
        seeker=next(before, ""),
        volunteer=own,
        chat=tuple(entry["text"] for entry in so_far),
    )


def _worded(
    wanted: Wanted, drafts: Sequence[str], helpers: Helpers, seed: int, warmth: float
) -> tuple[list[tuple[str, float]], str]:
    """([(text, share of warmth)], why there are none)."""
    if helpers.reword is None:
        return [], ""
    shares = [warmth * share for share in SHARES]
    requests = [
        RewordRequest(
            wanted.seeker,
            wanted.volunteer,
            wanted.technique,
            drafts[at % len(drafts)],
            (seed + at) % 2**31,
            wishes={WARMTH: share} if share else {},
        )
        for at, share in enumerate(shares)
    ]
    try:
        return list(zip(helpers.reword(requests), shares, strict=True)), ""
    except Exception as error:  # whatever breaks in a model, people's lines are there
        # Only the engine's own messages are known to quote nothing from the chat.
        return [], str(error) if isinstance(error, EngineError) else type(error).__name__
