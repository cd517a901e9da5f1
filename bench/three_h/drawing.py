"""Two plots as SVG text: models as dots with intervals, and the matrix of what training does."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from feedback.coach.experts.items import AIMS

COLOURS = {"merge": "#2f6fb0", "mixture": "#c25e10", "expert": "#3a9d5d", "base": "#7a7a7a"}
LEFT, WIDTH, ROW, TOP = 190, 560, 22, 44


def dots(title: str, points: Sequence[tuple[str, str, float, tuple[float, float]]]) -> str:
    """`points`: name, kind ("merge", "mixture, tuned" …), value, interval."""
    low = min(interval[0] for *_, interval in points)
    low = max(0.0, low - 0.02)
    high = min(1.0, max(interval[1] for *_, interval in points) + 0.02)
    bottom = TOP + ROW * len(points)

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - 16)

    parts = []
    for step in range(5):
        value = low + (high - low) * step / 4
        parts.append(
            f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP - 8}" y2="{bottom}" '
            'stroke="currentColor" stroke-opacity="0.15"/>'
            f'<text x="{x(value):.1f}" y="{bottom + 18}" text-anchor="middle" font-size="12" '
            f'fill="currentColor">{value:.2f}</text>'
        )
    for place, (name, kind, value, (least, most)) in enumerate(points):
        y = TOP + ROW * place + ROW / 2
        colour = COLOURS[kind.split(",")[0]]
        hollow = "none" if "tuned" in kind else colour
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end" font-size="12" '
            f'fill="currentColor">{escape(name)}</text>'
            f'<line x1="{x(least):.1f}" x2="{x(most):.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" '
            'stroke-width="2"/>'
            f'<circle cx="{x(value):.1f}" cy="{y:.1f}" r="4" fill="{hollow}" stroke="{colour}" '
            'stroke-width="2"/>'
        )
    at = 8
    for kind, colour in COLOURS.items():
        parts.append(
            f'<circle cx="{at + 5}" cy="14" r="4" fill="{colour}"/>'
            f'<text x="{at + 14}" y="18" font-size="12" fill="currentColor">{kind}</text>'
        )
        at += 90
    parts.append(f'<text x="{at}" y="18" font-size="12" fill="currentColor">hollow: tuned</text>')
    return _svg(title, WIDTH, bottom + 30, parts)


def matrix(rows: dict[str, dict[str, float]]) -> str:
    """By expert and aim: blue where training helped, orange where it cost, with the figure."""
    most = max(abs(value) for row in rows.values() for value in row.values()) or 1.0
    parts = []
    for column, aim in enumerate(AIMS):
        parts.append(
            f'<text x="{LEFT + 110 * column + 55}" y="32" text-anchor="middle" font-size="13" '
            f'fill="currentColor">{aim}</text>'
        )
    for place, (expert, row) in enumerate(rows.items()):
        y = TOP + 44 * place
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 26}" text-anchor="end" font-size="13" '
            f'fill="currentColor">{expert} expert</text>'
        )
        for column, aim in enumerate(AIMS):
            value = row[aim]
            colour = COLOURS["merge" if value >= 0 else "mixture"]
            parts.append(
                f'<rect x="{LEFT + 110 * column + 3}" y="{y + 3}" width="104" height="38" fill="{colour}" '
                f'fill-opacity="{0.08 + 0.5 * abs(value) / most:.2f}"/>'
                f'<text x="{LEFT + 110 * column + 55}" y="{y + 27}" text-anchor="middle" font-size="13" '
                f'fill="currentColor">{value:+.3f}</text>'
            )
    return _svg("What training for one aim does to each", WIDTH, TOP + 44 * len(rows) + 12, parts)


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif"><title>{escape(title)}</title>{"".join(parts)}</svg>\n'
    )
