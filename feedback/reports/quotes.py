"""A report's strengths and points together with the messages they are about."""

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
