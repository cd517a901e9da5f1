"""Numbers of a report as geometry, so that a template draws an SVG without arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def bars(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Shares in [0, 1] and their 95 % intervals as percent of a bar's width.

    `rows` are those of a report's "mix": {"name", "share", "ci": [low, high]|None, "grade", "count", "n"}.
    Returns each row with "bar", "low" and "high" (0-100, one decimal) and "percent" (whole number).
    """
    drawn = []
    for row in rows:
        low, high = row["ci"] or (row["share"], row["share"])
        geometry = {"bar": row["share"], "low": low, "high": high}
        drawn.append(
            {
                **row,
                **{name: round(share * 100, 1) for name, share in geometry.items()},
                "percent": round(row["share"] * 100),
            }
        )
    return drawn
