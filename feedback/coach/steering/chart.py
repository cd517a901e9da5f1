"""A small line chart as SVG text: no inline style and no script, so it may stand on a page with a strict
content policy. Text takes the page's own colour (`currentColor`), light or dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 480, 310
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 46, 48
COLOURS = {"first": "#2f6fb0", "second": "#c25e10", "third": "#7a7a7a", "good": "#3a9d5d"}

Points = Sequence[tuple[float, float]]


class Chart:
    """Axes that hold every point given at the start; then lines, dots, bands and marks, in drawing order."""

    def __init__(self, title: str, x: str, y: str, xs: Sequence[float], ys: Sequence[float]) -> None:
        self.title = title
        self.x_low, self.x_high = _range(xs)
        self.y_low, self.y_high = _range(ys)
        self.parts: list[str] = []
        self.keys: list[tuple[str, str, str]] = []
        self._axes(x, y)

    def line(self, points: Points, colour: str, label: str = "", *, dashed: bool = False) -> None:
        shown = [(self.x(a), self.y(b)) for a, b in points if self.y_low <= b <= self.y_high]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in shown)
        dash = ' stroke-dasharray="6 5"' if dashed else ""
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{COLOURS[colour]}" stroke-width="2"{dash}/>'
        )
        self._key(colour, label, "line")

    def dots(self, points: Points, colour: str, label: str = "", *, hollow: Sequence[bool] = ()) -> None:
        """Hollow dots are points that something is wrong with."""
        for number, (a, b) in enumerate(points):
            empty = number < len(hollow) and hollow[number]
            fill = "none" if empty else COLOURS[colour]
            self.parts.append(
                f'<circle cx="{self.x(a):.1f}" cy="{self.y(b):.1f}" r="3.5" fill="{fill}" '
                f'stroke="{COLOURS[colour]}" stroke-width="1.5"/>'
            )
        self._key(colour, label, "dot")

    def band(self, low: float, high: float, label: str = "") -> None:
        """Shades everything between two x values."""
        low, high = max(low, self.x_low), min(high, self.x_high)
        if high > low:
            self.parts.insert(
                0,
                f'<rect x="{self.x(low):.1f}" y="{TOP}" width="{self.x(high) - self.x(low):.1f}" '
                f'height="{HEIGHT - TOP - BOTTOM}" fill="{COLOURS["good"]}" fill-opacity="0.18"/>',
            )
            self._key("good", label, "band")

    def bars(self, points: Points, chosen: Sequence[bool]) -> None:
        """Bars from the bottom; the chosen ones in colour."""
        width = 0.6 * (WIDTH - LEFT - RIGHT) / (self.x_high - self.x_low)
        for (a, b), mine in zip(points, chosen, strict=True):
            top = self.y(b)
            self.parts.append(
                f'<rect x="{self.x(a) - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{HEIGHT - BOTTOM - top:.1f}" fill="{COLOURS["first" if mine else "third"]}"/>'
            )

    def svg(self) -> str:
        keys = []
        at, down = LEFT, 0
        for colour, label, shape in self.keys:
            room = 30 + int(6.7 * len(label))
            if at + room > WIDTH + 10 and at > LEFT:
                at, down = LEFT, down + 18
            fill = f'fill="{COLOURS[colour]}"'
            mark = {
                "line": f'<rect x="{at}" y="{9 + down}" width="14" height="3" {fill}/>',
                "dot": f'<circle cx="{at + 7}" cy="{10.5 + down}" r="3.5" {fill}/>',
                "band": f'<rect x="{at}" y="{4 + down}" width="14" height="12" {fill} fill-opacity="0.3"/>',
            }[shape]
            keys.append(mark + _text(at + 19, 15 + down, label, "start", 12))
            at += room
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'font-family="system-ui, sans-serif"><title>{escape(self.title)}</title>'
            + "".join(self.parts)
            + "".join(keys)
            + "</svg>\n"
        )

    def x(self, value: float) -> float:
        return LEFT + (value - self.x_low) / (self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.y_low) / (self.y_high - self.y_low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def _key(self, colour: str, label: str, shape: str) -> None:
        if label:
            self.keys.append((colour, label, shape))

    def _axes(self, x: str, y: str) -> None:
        floor = HEIGHT - BOTTOM
        for tick in _ticks(self.x_low, self.x_high, whole=x == "layer"):
            at = self.x(tick)
            self.parts.append(_rule(at, TOP, at, floor))
            self.parts.append(_text(at, floor + 18, f"{tick:g}", "middle", 12))
        for tick in _ticks(self.y_low, self.y_high):
            at = self.y(tick)
            self.parts.append(_rule(LEFT, at, WIDTH - RIGHT, at))
            self.parts.append(_text(LEFT - 8, at + 4, f"{tick:g}", "end", 12))
        middle = (TOP + floor) / 2
        self.parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x, "middle", 13))
        self.parts.append(
            f'<text transform="translate(16 {middle:.0f}) rotate(-90)" text-anchor="middle" font-size="13" '
            f'fill="currentColor">{escape(y)}</text>'
        )


def _range(values: Sequence[float]) -> tuple[float, float]:
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known), max(known)
    room = 0.04 * (high - low) or max(0.5 * abs(high), 0.5)
    return low - room, high + room


def _ticks(low: float, high: float, whole: bool = False) -> list[float]:
    rough = (high - low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * n for n in (1, 2, 5, 10) if size * n >= rough)
    step = max(step, 1.0) if whole else step
    return [round(step * n, 12) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="currentColor" stroke-opacity="0.15"/>'
    )


def _text(x: float, y: float, text: str, anchor: str, size: int) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="currentColor">{escape(text)}</text>'
    )
