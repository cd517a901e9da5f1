"""The study's plots as standalone SVG: forest, love (balance), dose. Black on white, for print."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from feedback.evidence.study import words

WIDTH, LEFT, RIGHT, ROW, TOP = 800, 220, 190, 26, 52  # RIGHT holds "−0.085 (−0.200, +0.020)"


def forest(
    title: str,
    rows: Sequence[tuple[str, float, float, float]],
    axis: str = "points; left of the line: lower scores",
) -> str:
    """Estimates with 95 % intervals: rows of (name, estimate, low, high)."""
    step, steps = _round_steps(max((abs(v) for _, *values in rows for v in values), default=1.0))
    ticks = [step * number for number in range(-steps, steps + 1)]
    at = _scale(ticks[0], ticks[-1])
    body = [_line(at(0), TOP - 6, at(0), TOP + ROW * len(rows), "#888", dash=True)]
    for place, (name, value, low, high) in enumerate(rows):
        y = TOP + ROW * place + ROW / 2
        body.append(_text(LEFT - 10, y, name, end=True))
        body.append(_line(at(low), y, at(high), y, "#222", 2))
        body.append(f'<rect x="{at(value) - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="#1d5f5a"/>')
        figures = f"{words.signed(value)} ({words.signed(low)}, {words.signed(high)})"
        body.append(_text(WIDTH - RIGHT + 16, y, figures, small=True))
    return _page(title, body + _axis(at, ticks, len(rows), axis), len(rows))


def love(title: str, balance: dict[str, dict[str, float]]) -> str:
    """Absolute standardised bias in percent, before (ring) and after (dot) matching; 5 % marked."""
    step, steps = _round_steps(max([10.0, *(abs(v) for row in balance.values() for v in row.values())]))
    ticks = [step * number for number in range(steps + 1)]
    at = _scale(0, ticks[-1])
    body = [
        _line(at(5), TOP - 6, at(5), TOP + ROW * len(balance), "#888", dash=True),
        f'<text x="{at(5):.1f}" y="{TOP - 9}" text-anchor="middle" font-size="12">5 %</text>',
    ]
    for place, (name, row) in enumerate(balance.items()):
        y = TOP + ROW * place + ROW / 2
        before, after = abs(row["before"]), abs(row["after"])
        body.append(_text(LEFT - 10, y, _capital(words.covariate(name)), end=True))
        body.append(_line(at(before), y, at(after), y, "#bbb"))
        body.append(
            f'<circle cx="{at(before):.1f}" cy="{y:.1f}" r="5" fill="none" stroke="#222" stroke-width="1.5"/>'
        )
        body.append(f'<circle cx="{at(after):.1f}" cy="{y:.1f}" r="5" fill="#1d5f5a"/>')
        body.append(_text(WIDTH - RIGHT + 16, y, f"{before:.1f} → {after:.1f}", small=True))
    return _page(
        title,
        body + _axis(at, ticks, len(balance), "|standardised bias|, %; ring before, dot after"),
        len(balance),
    )


def dose(title: str, rows: Sequence[dict[str, Any]]) -> str:
    """Mean change of the score with its 95 % interval by number of chats in the period."""
    named = [(f"{words.chats(row['chats'])} (n = {row['n']:,})", row["change"], *row["ci"]) for row in rows]
    return forest(title, named, "mean change in points; left of the line: scores fell")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _round_steps(limit: float) -> tuple[float, int]:
    """(a round step, how many of them reach the limit): 1, 2 or 5 times a power of ten, five at most."""
    if not limit > 0 or not math.isfinite(limit):
        return 0.5, 2
    power = 10.0 ** math.floor(math.log10(limit / 4))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= limit / 4)
    return step, max(1, math.ceil(limit / step - 1e-9))


def _scale(low: float, high: float) -> Callable[[float], float]:
    return lambda value: LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low)


def _axis(at, ticks: Sequence[float], rows: int, caption: str) -> list[str]:
    y = TOP + ROW * rows + 4
    body = [_line(at(ticks[0]), y, at(ticks[-1]), y, "#222")]
    for tick in ticks:
        body.append(_line(at(tick), y, at(tick), y + 4, "#222"))
        figure = f"{tick:.6g}".replace("-", "\N{MINUS SIGN}")
        body.append(
            f'<text x="{at(tick):.1f}" y="{y + 18:.1f}" text-anchor="middle" font-size="12">{figure}</text>'
        )
    middle, low = (at(ticks[0]) + at(ticks[-1])) / 2, y + 36
    return [
        *body,
        f'<text x="{middle:.1f}" y="{low:.1f}" text-anchor="middle" font-size="12">{escape(caption)}</text>',
    ]


def _line(x1, y1, x2, y2, colour: str, width: float = 1, *, dash: bool = False) -> str:
    dashes = ' stroke-dasharray="4 3"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{dashes}/>'
    )


def _text(x, y, said: str, *, end: bool = False, small: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    kind = ' font-size="12"' if small else ""
    return f'<text x="{x:.1f}" y="{y + 4:.1f}"{anchor}{kind}>{escape(said)}</text>'


def _page(title: str, body: list[str], rows: int) -> str:
    height = TOP + ROW * rows + 52
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="12" y="22" font-weight="600">{escape(title)}</text>{"".join(body)}</svg>\n'
    )
