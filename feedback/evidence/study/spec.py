"""What a study is to do, written down before it is done (study.toml) and stored with its result.

title = "Our line, 2026"
seed = 7
timezone = "Europe/London"        # of times without an offset
[instruments."Distress"]          # beside PHQ-2, PHQ-9, GAD-2 and GAD-7
low = 0
high = 10
better = "lower"                  # or "higher"
[tagger]
version = "tagger-2026.11"
f1 = { reflection_simple = 0.71 }
"""

from __future__ import annotations

import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from feedback.evidence.study.problems import StudyError


@dataclass(frozen=True)
class Instrument:
    """A questionnaire: the range of its sum, its items of 0-3 (0: unknown), which end is better."""

    name: str
    low: float
    high: float
    items: int = 0
    better: str = "lower"


KNOWN = {
    "PHQ-2": Instrument("PHQ-2", 0, 6, 2),
    "PHQ-9": Instrument("PHQ-9", 0, 27, 9),
    "GAD-2": Instrument("GAD-2", 0, 6, 2),
    "GAD-7": Instrument("GAD-7", 0, 21, 7),
}


@dataclass(frozen=True)
class Spec:
    """`caliper` in SD of the logit; `measure`: techniques as "sum" in the period or "per_chat"; `suppress`:
    groups of fewer people are not shown; `days`: longest period between two assessments, 0 for any."""

    title: str = "Outcome study"
    seed: int = 7
    timezone: str = "UTC"
    caliper: float = 0.2
    measure: str = "sum"
    bootstrap: int = 200
    suppress: int = 10
    days: int = 0
    instruments: Mapping[str, Instrument] = field(default_factory=lambda: dict(KNOWN))
    tagger_version: str = ""
    tagger_f1: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_spec(path: Path | None) -> Spec:
    """The written specification, or the defaults. Raises StudyError for what it does not know."""
    if path is None:
        return Spec()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"{path.name} cannot be read as TOML: {error}") from error
    return spec_from(table)


def spec_from(table: Mapping[str, Any]) -> Spec:
    """The specification of a parsed study.toml."""
    table = dict(table)
    tagger = table.pop("tagger", {})
    own = table.pop("instruments", {})
    simple = set(Spec.__dataclass_fields__) - {"instruments", "tagger_version", "tagger_f1"}
    if unknown := sorted(set(table) - simple):
        raise StudyError(
            f"study.toml names {', '.join(unknown)}, which a study does not know. It knows: "
            f"{', '.join(sorted(simple))}, [instruments] and [tagger]."
        )
    try:
        instruments = {**KNOWN, **{name: Instrument(name, **row) for name, row in own.items()}}
        spec = Spec(
            **table,
            instruments=instruments,
            tagger_version=tagger.get("version", ""),
            tagger_f1=dict(tagger.get("f1", {})),
        )
    except TypeError as error:
        raise StudyError(f"study.toml: {error}") from error
    _check(spec)
    return spec


def _check(spec: Spec) -> None:
    if spec.measure not in ("sum", "per_chat"):
        raise StudyError(f'study.toml: measure is "sum" or "per_chat", not {spec.measure!r}.')
    if not spec.caliper > 0:
        raise StudyError("study.toml: caliper must be above 0 (in standard deviations of the logit).")
    for row in spec.instruments.values():
        if not row.low < row.high or row.better not in ("lower", "higher"):
            raise StudyError(
                f'study.toml: instrument {row.name} needs low below high, and better = "lower" or "higher".'
            )
    try:
        zoneinfo.ZoneInfo(spec.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise StudyError(f"study.toml: no time zone is called {spec.timezone!r}.") from error
