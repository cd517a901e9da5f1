"""The sweep: every arm at every strength, one line of `sweep.jsonl` each.

A run that was stopped or killed goes on where it was. Lines of another plan (other weights, pairs, grid,
seed…) are dropped, never mixed in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from feedback.coach.steering.errors import Cancelled

STEERED, RANDOM, PROMPT = "steered", "random", "prompt"
Cell = tuple[str, float]
Progress = Callable[[int, int, str], None]  # (done, total, what)


def order(grid: Sequence[float]) -> list[Cell]:
    """From 0 outwards, so that an early end leaves the useful part."""
    outward = sorted(grid, key=lambda r: (abs(r), r))
    return [(STEERED, r) for r in outward] + [(PROMPT, 0.0)] + [(RANDOM, r) for r in outward if r]


def run(
    cells: Sequence[Cell],
    measure: Callable[[str, float], dict[str, Any]],
    path: Path,
    plan: str,
    *,
    progress: Progress,
    should_stop: Callable[[], bool],
) -> dict[Cell, dict[str, Any]]:
    """Measures what `path` lacks. Raises Cancelled between two cells once `should_stop` says so."""
    found = {cell: row for cell, row in kept(path, plan).items() if cell in set(cells)}
    # Written anew: a killed process may have left half a line, and the next one must not be glued to it.
    path.write_text("".join(_line(plan, cell, row) for cell, row in found.items()), encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        for cell in cells:
            if cell in found:
                continue
            if should_stop():
                raise Cancelled(f"stopped after {len(found)} of {len(cells)}; the next run goes on from here")
            progress(len(found), len(cells), f"{cell[0]} r={cell[1]:g}")
            found[cell] = measure(*cell)
            file.write(_line(plan, cell, found[cell]))
            file.flush()
    progress(len(cells), len(cells), "measured")
    return found


def kept(path: Path, plan: str) -> dict[Cell, dict[str, Any]]:
    """The whole lines of `path` that belong to `plan`."""
    found: dict[Cell, dict[str, Any]] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            if row["plan"] == plan:
                found[row["arm"], float(row["r"])] = row["values"]
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _line(plan: str, cell: Cell, values: dict[str, Any]) -> str:
    return json.dumps({"plan": plan, "arm": cell[0], "r": cell[1], "values": values}) + "\n"
