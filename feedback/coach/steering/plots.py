"""The six plots of a report. Light: a web page may draw them from a report's numbers."""

from __future__ import annotations

import math
from typing import Any

from feedback.coach.steering import curves
from feedback.coach.steering.chart import Chart, Points

STRENGTH = "strength r"


def plots(report: dict[str, Any]) -> dict[str, str]:
    """SVG text by the plot's name."""
    return {
        "alignment": alignment(report),
        "helpfulness": helpfulness(report),
        "tradeoff": tradeoff(report),
        "change": change(report),
        "gaps": gaps(report),
        "separability": separability(report),
    }


def alignment(report: dict[str, Any]) -> str:
    rows, law = report["arms"]["steered"], report["fits"]["alignment"]["law"]
    told = report["arms"]["prompt"][0]["alignment"]
    random = _column(report["arms"]["random"], "alignment")
    points = _column(rows, "alignment")
    chart = Chart(
        "Behaviour against strength", STRENGTH, "behaviour B(r)", *_axes(points, random, [(0, told)])
    )
    fitted = [(r, curves.alignment(law, r)) for r in _fine(report)]
    zero, slope = math.tanh(law["b0"]), report["fits"]["alignment"]["slope_at_0"]
    chart.band(report["dial"]["r_min"], report["dial"]["r_max"], "dial")
    chart.line(fitted, "first", "tanh law")
    chart.line([(r, zero + slope * r) for r in _fine(report)], "second", "tangent at 0", dashed=True)
    chart.line(random, "third", "random direction", dashed=True)
    chart.line([(r, told) for r, _ in points], "good", "prompt only", dashed=True)
    chart.dots(points, "first", hollow=_unsound(rows))
    return chart.svg()


def helpfulness(report: dict[str, Any]) -> str:
    rows = report["arms"]["steered"]
    law, tent = report["fits"]["helpfulness"]["law"], report["fits"]["helpfulness"]["rival"]
    points, random = _column(rows, "helpfulness"), _column(report["arms"]["random"], "helpfulness")
    chart = Chart("Helpfulness against strength", STRENGTH, "helpfulness P(r)", *_axes(points, random))
    floor = report["floor"]
    fitted = [(r, curves.helpfulness(law, r, floor)) for r in _fine(report)]
    linear = [
        (r, floor + (tent["P0"] - floor) * (1 - tent["s"] * abs(r - tent["r0"]))) for r in _fine(report)
    ]
    chart.band(report["dial"]["r_min"], report["dial"]["r_max"], "dial")
    chart.line(fitted, "first", "quadratic law")
    chart.line(linear, "second", "linear rival", dashed=True)
    chart.line(random, "third", "random direction", dashed=True)
    chart.dots(points, "first", hollow=_unsound(rows))
    return chart.svg()


def tradeoff(report: dict[str, Any]) -> str:
    """Gain of alignment and loss of helpfulness over one axis; up to the end stop steering is efficient."""
    rows = [row for row in report["arms"]["steered"] if row["r"] >= 0]
    base, dial = rows[0], report["dial"]
    gain = [(row["r"], row["alignment"] - base["alignment"]) for row in rows]
    loss = [(row["r"], 1 - row["helpfulness"] / max(base["helpfulness"], 1e-12)) for row in rows]
    random = [
        (row["r"], row["alignment"] - base["alignment"]) for row in report["arms"]["random"] if row["r"] >= 0
    ]
    told = report["arms"]["prompt"][0]["alignment"] - base["alignment"]
    chart = Chart(
        "What steering gains and what it costs",
        STRENGTH,
        "gain and relative loss",
        *_axes(gain, loss, random, [(0, dial["tolerated"]), (0, told)]),
    )
    chart.band(0.0, dial["r_max"], "efficient part")
    chart.line(gain, "first", "gain of behaviour")
    chart.line(loss, "second", "loss of helpfulness")
    chart.line([(row["r"], dial["tolerated"]) for row in rows], "second", "tolerated loss", dashed=True)
    chart.line(random, "third", "random direction", dashed=True)
    chart.line([(row["r"], told) for row in rows], "good", "prompt only", dashed=True)
    return chart.svg()


def change(report: dict[str, Any]) -> str:
    rows, slope = report["arms"]["steered"], report["premises"]["change_slope"]
    points = _column(rows, "change")
    chart = Chart("Change of the logits against strength", STRENGTH, "|Uδ(r)|", *_axes(points))
    chart.line([(r, slope * abs(r)) for r, _ in points], "second", "line of the fixed range", dashed=True)
    chart.dots(points, "first", "measured")
    return chart.svg()


def gaps(report: dict[str, Any]) -> str:
    points = _column(report["arms"]["steered"], "gap_sd")
    chart = Chart(
        "Spread of the gaps to the ten rival tokens", STRENGTH, "standard deviation", *_axes(points)
    )
    chart.line(points, "first")
    chart.dots(points, "first")
    return chart.svg()


def separability(report: dict[str, Any]) -> str:
    rows = report["layers"]
    points = [(row["layer"], row["auc"]) for row in rows]
    ends = [-0.5, len(rows) - 0.5]
    chart = Chart("Held-out separability by layer", "layer", "AUC", ends, [0.0, 1.0])
    chart.bars(points, [row["used"] for row in rows])
    chart.line([(ends[0], 0.5), (ends[1], 0.5)], "second", "chance; layers in use are blue", dashed=True)
    return chart.svg()


def _column(rows: list[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(row["r"], row[name]) for row in rows]


def _unsound(rows: list[dict[str, Any]]) -> list[bool]:
    """Where fewer than half of the replies are coherent."""
    return [row["coherent"] < 0.5 for row in rows]


def _fine(report: dict[str, Any]) -> list[float]:
    low, high = report["plan"]["grid"][0], report["plan"]["grid"][-1]
    return [low + (high - low) * n / 200 for n in range(201)]


def _axes(*many: Points) -> tuple[list[float], list[float]]:
    points = [point for points in many for point in points]
    return [x for x, _ in points], [y for _, y in points]
