"""What a page of a report shows of its body: findings with the messages they are about, and its notices."""

from __future__ import annotations

from typing import Any

from feedback.evidence.grades import LOOKS
from feedback.reports.charts import bars


def with_quotes(body: dict[str, Any]) -> dict[str, Any]:
    """{"strengths", "points", "mix"} of a report's body: each finding with "quote", the message it is
    about, each strength with the "look" of its grade, and the technique mix as bars."""
    texts = {entry["index"]: entry["text"] for entry in body["messages"]}
    quoted = {
        name: [{**row, "quote": texts.get(row["index"], "")} for row in body[name]]
        for name in ("strengths", "points")
    }
    for strength in quoted["strengths"]:
        strength["look"] = LOOKS[strength["grade"]]
    return {**quoted, "mix": bars(body["mix"])}


def notices(body: dict[str, Any], *, is_own: bool) -> list[dict[str, Any]]:
    """Those that stand nowhere else on the page. That the counselor may have written about themselves is for
    the volunteer alone."""
    elsewhere = {"short_chat", "crisis_first"} | (set() if is_own else {"counselor_disclosure"})
    return [notice for notice in body["notices"] if notice["key"] not in elsewhere]
