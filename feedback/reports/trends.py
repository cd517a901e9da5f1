"""The way of a figure from chat to chat as geometry: a template draws the SVG without arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from feedback.intervals import wilson
from feedback.reports.progress import COMPARED, Session
from feedback.reports.ratios import MIN_MESSAGES, RATIO_MARKS

NEWEST = 20  # chats in a chart; more would be a smear on a phone
WIDTH, HEIGHT = 320.0, 150.0
LEFT, RIGHT, TOP, BOTTOM = 38.0, 10.0, 10.0, 22.0
RATIO_SPAN = 3.0  # the ratio's axis reaches from 1 to 8 up to 8 to 1, in doublings
SHARE_TICKS = ((0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %"))
RATIO_TICKS = ((0.25, "1:4"), (1.0, "1:1"), (4.0, "4:1"))


def trends(found: Sequence[Session]) -> list[dict[str, Any]]:
    """One chart per figure over the newest chats, oldest of them first.

    {"key", "ticks": [{"y", "label"}], "marks": [{"y"}], "points": [{"x", "y"|None, "low"|None, "high"|None,
     "enough", "session", "count", "n", "value"|None, "ci"|None}], "path"}; lengths in units of the
     viewBox 320 × 150, y downwards. A point without a y is a chat in which the figure is undefined.
    """
    shown = found[-NEWEST:]
    figures = {key: (figure, least) for key, figure, least in COMPARED}
    charts = [_ratio_chart(shown)]
    charts += [_share_chart(key, shown, *figures[key]) for key in ("complex", "open", "non_adherent")]
    return charts


def _x(number: int, of: int) -> float:
    width = WIDTH - LEFT - RIGHT - 12
    return round(LEFT + 6 + (width / 2 if of == 1 else width * number / (of - 1)), 1)


def _share_y(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


def _ratio_y(ratio: float) -> float:
    doublings = math.log2(ratio) if ratio > 0 else -RATIO_SPAN
    doublings = max(-RATIO_SPAN, min(RATIO_SPAN, doublings))
    return _share_y((doublings + RATIO_SPAN) / (2 * RATIO_SPAN))


def _share_chart(key: str, shown: Sequence[Session], figure: Callable, least: int) -> dict[str, Any]:
    points = []
    for number, session in enumerate(shown):
        counted, n = figure(session)
        interval = wilson(counted, n)
        points.append({
            "x": _x(number, len(shown)), "session": session, "count": counted, "n": n, "enough": n >= least,
            "value": counted / n if n else None, "ci": interval, "y": _share_y(counted / n) if n else None,
            "low": _share_y(interval[0]) if interval else None,
            "high": _share_y(interval[1]) if interval else None,
        })  # fmt: skip
    ticks = [{"y": _share_y(share), "label": label} for share, label in SHARE_TICKS]
    return {"key": key, "ticks": ticks, "marks": [], "points": points, "path": _path(points)}


def _ratio_chart(shown: Sequence[Session]) -> dict[str, Any]:
    points = []
    for number, session in enumerate(shown):
        counts = session.counts
        value = counts.reflections / counts.questions if counts.questions else None
        points.append({
            "x": _x(number, len(shown)), "session": session, "count": counts.reflections,
            "n": counts.questions, "enough": counts.messages >= MIN_MESSAGES, "value": value, "ci": None,
            "y": None if value is None else _ratio_y(value), "low": None, "high": None,
        })  # fmt: skip
    ticks = [{"y": _ratio_y(ratio), "label": label} for ratio, label in RATIO_TICKS]
    marks = [{"y": _ratio_y(mark)} for mark in RATIO_MARKS]
    return {"key": "ratio", "ticks": ticks, "marks": marks, "points": points, "path": _path(points)}


def _path(points: Sequence[dict[str, Any]]) -> str:
    """Only neighbours are joined: a chat in which the figure is undefined leaves a gap."""
    parts, pen_down = [], False
    for point in points:
        if point["y"] is not None:
            parts.append(f"{'L' if pen_down else 'M'}{point['x']} {point['y']}")
        pen_down = point["y"] is not None
    return "".join(parts)
