"""What a page of a report shows of its body: findings and gaps with the messages they are about, and its
notices."""

from __future__ import annotations

from typing import Any

from feedback.evidence.grades import LOOKS
from feedback.reports.charts import bars


def with_quotes(body: dict[str, Any]) -> dict[str, Any]:
    """{"strengths", "points", "mix", "gaps"} of a report's body: each finding with "quote", the message it is
    about, each strength with the "look" of its grade, the technique mix as bars, and `gaps_of` it."""
    texts = {entry["index"]: entry["text"] for entry in body["messages"]}
    quoted = {
        name: [{**row, "quote": texts.get(row["index"], "")} for row in body[name]]
        for name in ("strengths", "points")
    }
    for strength in quoted["strengths"]:
        strength["look"] = LOOKS[strength["grade"]]
    return {**quoted, "mix": bars(body["mix"]), "gaps": gaps_of(body)}


def gaps_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What is missing, one row for what several messages lack: {"what", "text", "messages": the entries that
    it is about, each with its "number" among the counselor's}."""
    own = [entry for entry in body["messages"] if entry["role"] == "counselor"]
    numbered = {entry["index"]: {**entry, "number": number} for number, entry in enumerate(own, start=1)}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for gap in body["missing"]:
        what, text = gap.get("what", ""), gap["text"]
        row = found.setdefault((what, text), {"what": what, "text": text, "messages": []})
        if gap.get("index") in numbered:
            row["messages"].append(numbered[gap["index"]])
    return list(found.values())


def notices(body: dict[str, Any], *, is_own: bool) -> list[dict[str, Any]]:
    """Those that stand nowhere else on the page. That the counselor may have written about themselves is for
    the volunteer alone."""
    elsewhere = {"short_chat", "crisis_first"} | (set() if is_own else {"counselor_disclosure"})
    return [notice for notice in body["notices"] if notice["key"] not in elsewhere]
