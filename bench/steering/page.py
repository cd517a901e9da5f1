"""docs/steering_speed.md from the rows that were measured. Nothing is typed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BARS = {"eager": 0.95, "static": 0.98, "compiled": 0.98}


@dataclass(frozen=True)
class Row:
    """One contestant at one batch. `base`: unsteered tokens per second, median of the rounds; `quartiles` of
    the rounds' ratios steered/unsteered; `best`: the best steered over the best unsteered round."""

    name: str
    cache: str
    batch: int
    strengths: int
    base: float
    quartiles: tuple[float, float, float]
    best: float

    @property
    def bar(self) -> float | None:
        """What the median ratio has to reach; None for a peer, which is only shown."""
        return BARS[self.cache] if self.name == "ours" else None

    @property
    def missed(self) -> bool:
        return self.bar is not None and self.quartiles[1] < self.bar


def page(rows: Sequence[Row], *, width: int, layers: int, tokens: int, rounds: int, clock: str) -> str:
    titles = (
        "steered by", "cache", "batch", "different strengths", "unsteered tokens/s",
        "steered / unsteered", "middle half of the rounds", "best rounds", "bar",
    )  # fmt: skip
    lines = [
        "# What steering costs",
        "",
        "Made by `python -m bench.steering --write`; do not edit.",
        "",
        f"A random Llama, {layers} layers of width {width}, with a direction at every layer: the most that",
        f"steering can cost. {tokens} new tokens for each of the same prompts, steered and not in turn,",
        f"{rounds} rounds; {clock}. The ratio is the median of the rounds'.",
        "repeng stands beside it where `REPENG_PATH` names it; it knows one strength for a whole batch.",
        "",
        "| " + " | ".join(titles) + " |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        low, middle, high = row.quartiles
        bar = "" if row.bar is None else f"{row.bar:g}{', missed' if row.missed else ''}"
        cells = (
            row.name, row.cache, row.batch, row.strengths, f"{row.base:,.0f}", f"{middle:.3f}",
            f"{low:.3f} to {high:.3f}", f"{row.best:.3f}", bar,
        )  # fmt: skip
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    missed = [row for row in rows if row.missed]
    ours = [row for row in rows if row.bar is not None]
    said = f"{len(missed)} of {len(ours)} are below their bar." if missed else f"All {len(ours)} reach it."
    if not any(row.name == "repeng" for row in rows):
        said += " repeng was not here."
    return "\n".join(
        [*lines, "", f"Bars: eager {BARS['eager']}, static or compiled {BARS['static']}. {said}", ""]
    )
