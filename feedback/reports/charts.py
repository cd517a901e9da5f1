"""Numbers of a report as geometry, so that a template draws an SVG without arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ROW = 28  # px per bar
WIDTH = 240  # px of a full bar


def bars(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Horizontal bars of shares in [0, 1] with their 95 % intervals.

    `rows` are those of a report's "mix": {"name", "share", "ci": [low, high]|None, "grade", "count", "n"}.
    Returns {"height", "width", "rows": each row with "y", "bar", and "low"/"high" in px}.
    """
    drawn = []
    for number, row in enumerate(rows):
        low, high = row["ci"] or (row["share"], row["share"])
        drawn.append(
            {
                **row,
                "y": number * ROW,
                "middle": number * ROW + ROW // 2,
                "bar": round(row["share"] * WIDTH, 1),
                "low": round(low * WIDTH, 1),
                "high": round(high * WIDTH, 1),
                "percent": round(row["share"] * 100),
            }
        )
    return {"height": len(drawn) * ROW, "width": WIDTH, "rows": drawn}
