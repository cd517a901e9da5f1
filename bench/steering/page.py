"""docs/steering_speed.md from the rows that were measured. Nothing is typed in."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

BAR = 0.98  # of the design, for every cache

UNSTEERED, TWIN, STEERED = MODELS = ("unsteered", "twin", "steered")


@dataclass(frozen=True)
class Row:
    """One contestant at one batch. `base`: unsteered tokens per second, median of the rounds; `quartiles` of
    the rounds' ratios steered/unsteered; `twin`: their median for a second unsteered copy."""

    name: str
    cache: str
    batch: int
    strengths: int
    base: float
    quartiles: tuple[float, float, float]
    twin: float

    @classmethod
    def of(
        cls, name: str, cache: str, batch: int, strengths: int, found: Mapping[str, Sequence[float]]
    ) -> Row:
        """`found`: tokens per second in every round, by MODELS."""
        ratios, noise = (
            [one / base for one, base in zip(found[each], found[UNSTEERED], strict=True)]
            for each in (STEERED, TWIN)
        )
        quartiles = tuple(statistics.quantiles(ratios, n=4))
        base = statistics.median(found[UNSTEERED])
        return cls(name, cache, batch, strengths, base, quartiles, statistics.median(noise))

    @property
    def bar(self) -> float | None:
        """What the median ratio has to reach; None for a peer, which is only shown."""
        return BAR if self.name == "ours" else None

    @property
    def missed(self) -> bool:
        return self.bar is not None and self.quartiles[1] < self.bar


def page(rows: Sequence[Row], *, width: int, layers: int, tokens: int, rounds: int, clock: str) -> str:
    titles = (
        "steered by", "cache", "batch", "different strengths", "unsteered tokens/s",
        "steered / unsteered", "middle half of the rounds", "twin / unsteered", "bar",
    )  # fmt: skip
    lines = [
        "# What steering costs",
        "",
        "Made by `python -m bench.steering --write`; do not edit.",
        "",
        f"A random Llama, {layers} layers of width {width}, with a direction at every layer: the most that",
        f"steering can cost. {tokens} new tokens for each of the same prompts, steered and not in turn,",
        f"{rounds} rounds; {clock}. The ratio is the median of the rounds'.",
        "The twin is a second unsteered copy: what its ratio is off 1 is the machine's noise.",
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
            f"{low:.3f} to {high:.3f}", f"{row.twin:.3f}", bar,
        )  # fmt: skip
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    missed = [row for row in rows if row.missed]
    ours = [row for row in rows if row.bar is not None]
    said = f"{len(missed)} of {len(ours)} are below it." if missed else f"All {len(ours)} reach it."
    if not any(row.name == "repeng" for row in rows):
        said += " repeng was not here."
    return "\n".join([*lines, "", f"The bar is {BAR} for every cache. {said}", ""])


def stored(path: Path) -> str:
    """The page of the figures that `store` wrote."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    rows = [Row(**{**row, "quartiles": tuple(row["quartiles"])}) for row in kept.pop("rows")]
    return page(rows, **kept)


def store(path: Path, rows: Sequence[Row], **settings: int | str) -> None:
    text = json.dumps(settings | {"rows": [asdict(row) for row in rows]}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
