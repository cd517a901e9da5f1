"""The study's plots as standalone SVG: forest, love (balance), dose. Black on white, for print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

WIDTH, LEFT, RIGHT, ROW, TOP = 720, 230, 130, 26, 44


def forest(title: str, rows: Sequence[tuple[str, float, float, float]]) -> str:
    """Estimates with 95 % intervals: rows of (name, estimate, low, high)."""
    limit = max((abs(v) for _, *values in rows for v in values), default=1.0) or 1.0
    at = _scale(-limit, limit)
    body = [_line(at(0), TOP - 6, at(0), TOP + ROW * len(rows), "#888", dash=True)]
    for place, (name, value, low, high) in enumerate(rows):
        y = TOP + ROW * place + ROW / 2
        body.append(_text(LEFT - 10, y, name, end=True))
        body.append(_line(at(low), y, at(high), y, "#222", 2))
        body.append(f'<rect x="{at(value) - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="#1d5f5a"/>')
        body.append(_text(WIDTH - RIGHT + 10, y, f"{value:+.3f} ({low:+.3f}, {high:+.3f})", small=True))
    ticks = [-limit, -limit / 2, 0.0, limit / 2, limit]
    return _page(
        title,
        body + _axis(at, ticks, len(rows), "points per unit; left of the line: lower scores"),
        len(rows),
    )


def love(title: str, balance: dict[str, dict[str, float]]) -> str:
    """Absolute standardised bias in percent, before (ring) and after (dot) matching; 5 % marked."""
    most = max([10.0, *(abs(v) for row in balance.values() for v in row.values())])
    at = _scale(0, most)
    body = [_line(at(5), TOP - 6, at(5), TOP + ROW * len(balance), "#888", dash=True)]
    for place, (name, row) in enumerate(balance.items()):
        y = TOP + ROW * place + ROW / 2
        before, after = abs(row["before"]), abs(row["after"])
        body.append(_text(LEFT - 10, y, name.replace("_", " "), end=True))
        body.append(_line(at(before), y, at(after), y, "#bbb"))
        body.append(
            f'<circle cx="{at(before):.1f}" cy="{y:.1f}" r="5" fill="none" stroke="#222" stroke-width="1.5"/>'
        )
        body.append(f'<circle cx="{at(after):.1f}" cy="{y:.1f}" r="5" fill="#1d5f5a"/>')
        body.append(_text(WIDTH - RIGHT + 10, y, f"{before:.1f} → {after:.1f}", small=True))
    ticks = [0.0, 5.0, most / 2, most]
    return _page(
        title,
        body + _axis(at, ticks, len(balance), "|standardised bias|, %; ring before, dot after"),
        len(balance),
    )


def dose(title: str, rows: Sequence[dict[str, Any]]) -> str:
    """Mean change of the score with its 95 % interval by number of chats in the period."""
    named = [(f"{row['chats']} chats (n = {row['n']})", row["change"], *row["ci"]) for row in rows]
    return forest(title, named)


def _scale(low: float, high: float) -> Callable[[float], float]:
    return lambda value: LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low)


def _axis(at, ticks: Sequence[float], rows: int, words: str) -> list[str]:
    y = TOP + ROW * rows + 4
    body = [_line(at(ticks[0]), y, at(ticks[-1]), y, "#222")]
    for tick in ticks:
        body.append(_line(at(tick), y, at(tick), y + 4, "#222"))
        body.append(
            f'<text x="{at(tick):.1f}" y="{y + 18:.1f}" text-anchor="middle" font-size="11">{tick:g}</text>'
        )
    middle = (at(ticks[0]) + at(ticks[-1])) / 2
    return [
        *body,
        f'<text x="{middle:.1f}" y="{y + 36:.1f}" text-anchor="middle" font-size="11">{escape(words)}</text>',
    ]


def _line(x1, y1, x2, y2, colour: str, width: float = 1, *, dash: bool = False) -> str:
    dashes = ' stroke-dasharray="4 3"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{dashes}/>'
    )


def _text(x, y, words: str, *, end: bool = False, small: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    kind = ' font-size="11"' if small else ""
    return f'<text x="{x:.1f}" y="{y + 4:.1f}"{anchor}{kind}>{escape(words)}</text>'


def _page(title: str, body: list[str], rows: int) -> str:
    height = TOP + ROW * rows + 52
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="12" y="22" font-weight="600">{escape(title)}</text>{"".join(body)}</svg>\n'
    )
