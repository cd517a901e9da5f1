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
f1 = { reflection_simple = 0.71 } # of every code that is counted: without it, what it says is uncertain
"""

from __future__ import annotations

import math
import tomllib
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.techniques import ALL, KNOWN_LEAVES, leaves_of

LEAST_SHOWN = 10  # people: a smaller group is never shown, whatever is specified
LARGEST = 1e12  # of a number that can be meant
LEAST_GROUPS = 30  # seekers in a model; docs/outcomes.md has the figures it was chosen by


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
    groups of fewer people are not shown, LEAST_SHOWN at the least; `days`: longest period between two
    assessments, 0 for any."""

    title: str = "Outcome study"
    seed: int = 7
    timezone: str = "UTC"
    caliper: float = 0.2
    measure: str = "sum"
    bootstrap: int = 200
    suppress: int = LEAST_SHOWN
    days: int = 0
    instruments: Mapping[str, Instrument] = field(default_factory=lambda: dict(KNOWN))
    tagger_version: str = ""
    tagger_f1: Mapping[str, float] = field(default_factory=dict)
    from_card: tuple[str, ...] = ()  # codes whose F1 was not written but stands in the tagger's card

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_spec(path: Path | None) -> Spec:
    """The written specification, or the defaults. Raises StudyError, which names the field, what was found
    and what is expected."""
    if path is None:
        return Spec()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # also numbers and nesting beyond Python's limits
        raise StudyError(f"{path.name} cannot be read as TOML: {error}") from error
    return spec_from(table)


def spec_from(table: Mapping[str, Any]) -> Spec:
    """The specification of a parsed study.toml. Raises StudyError as `read_spec` does."""
    if unknown := sorted(set(table) - set(FIELDS) - {"instruments", "tagger"}):
        raise StudyError(
            f"study.toml names {', '.join(unknown)}, which a study does not know. It knows: "
            f"{', '.join(sorted(FIELDS))}, [instruments] and [tagger]."
        )
    simple = {name: check(name, table[name]) for name, check in FIELDS.items() if name in table}
    tagger = _table("tagger", table.get("tagger", {}), ("version", "f1"))
    return Spec(
        **simple,
        instruments=_instruments(table.get("instruments", {})),
        tagger_version=_text("tagger.version", tagger.get("version", "")),
        tagger_f1=_f1(tagger.get("f1", {})),
    )


def _refuse(name: str, found: Any, expected: str) -> NoReturn:
    raise StudyError(f"study.toml: {name} is {str(found)[:60]!r}; expected is {expected}.")


def _text(name: str, found: Any) -> str:
    if not isinstance(found, str):
        _refuse(name, found, "a text in quotation marks")
    return found


def _number(
    name: str, found: Any, expected: str, *, least: float = -math.inf, most: float = math.inf
) -> float:
    """A number in [least, most]; true, false, nan and inf are none."""
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        _refuse(name, found, expected)
    if not (-LARGEST <= found <= LARGEST and least <= found <= most):
        _refuse(name, found, expected)
    return found


def _whole(name: str, found: Any, expected: str, *, least: int, most: int) -> int:
    if not isinstance(found, int):
        _refuse(name, found, expected)
    return int(_number(name, found, expected, least=least, most=most))


def _table(name: str, found: Any, known: tuple[str, ...] = ()) -> dict[str, Any]:
    """The table; with `known`, no other keys than these."""
    if not isinstance(found, Mapping):
        _refuse(name, found, f"a table: [{name}] and its fields below it")
    if known and (unknown := sorted(set(found) - set(known))):
        raise StudyError(f"study.toml: {name} has the field {unknown[0]}; it may have {', '.join(known)}.")
    return dict(found)


def _measure(name: str, found: Any) -> str:
    if found not in ("sum", "per_chat"):
        _refuse(name, found, '"sum" or "per_chat"')
    return found


def _zone(name: str, found: Any) -> str:
    expected = 'the name of a time zone, as "Europe/London"'
    if not isinstance(found, str):
        _refuse(name, found, expected)
    try:
        zoneinfo.ZoneInfo(found)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        _refuse(name, found, expected)
    return found


def _suppress(name: str, found: Any) -> int:
    return _whole(
        name,
        found,
        f"a whole number from {LEAST_SHOWN} up, since people in smaller groups can be recognised. Leave the "
        f"line out for {LEAST_SHOWN}",
        least=LEAST_SHOWN,
        most=1_000_000,
    )


def _caliper(name: str, found: Any) -> float:
    return _number(name, found, "a number above 0, in standard deviations of the logit", least=1e-9)


# Each simple field of study.toml and what checks it.
FIELDS: dict[str, Callable[[str, Any], Any]] = {
    "title": _text,
    "seed": lambda name, found: _whole(
        name, found, "a whole number from 0 to 1000000000", least=0, most=1_000_000_000
    ),
    "timezone": _zone,
    "caliper": _caliper,
    "measure": _measure,
    "bootstrap": lambda name, found: _whole(
        name, found, "a whole number of resamples from 0 (none) to 10000", least=0, most=10_000
    ),
    "suppress": _suppress,
    "days": lambda name, found: _whole(
        name, found, "a whole number of days from 0 (any) to 36500", least=0, most=36_500
    ),
}


def _instruments(found: Any) -> dict[str, Instrument]:
    made = dict(KNOWN)
    for name, row in _table("instruments", found).items():
        place = f"instruments.{name}"
        row = _table(place, row, ("low", "high", "items", "better"))
        low, high = (
            _number(f"{place}.{end}", row.get(end, "missing"), "a number") for end in ("low", "high")
        )
        if not low < high:
            _refuse(f"{place}.low", low, f"a number below high, which is {high:g}")
        better = row.get("better", "lower")
        if better not in ("lower", "higher"):
            _refuse(f"{place}.better", better, '"lower" or "higher"')
        items = _whole(f"{place}.items", row.get("items", 0), "a whole number of items", least=0, most=200)
        made[name] = Instrument(name, low, high, items, better)
    names = [name.strip().upper() for name in made]
    if doubled := sorted({name for name in made if names.count(name.strip().upper()) > 1}):
        raise StudyError(
            f"study.toml: {' and '.join(doubled)} are one instrument: write its name in one way."
        )
    return made


def _f1(found: Any) -> dict[str, float]:
    scores = {}
    for name, value in _table("tagger.f1", found).items():
        if name in ALL and leaves_of(name) != (name,):
            raise StudyError(
                f"study.toml: tagger.f1 names {name}; name its codes instead: {', '.join(leaves_of(name))}."
            )
        if name not in KNOWN_LEAVES:
            raise StudyError(
                f"study.toml: tagger.f1 names {name}, which is no technique. Techniques are: "
                f"{', '.join(sorted(KNOWN_LEAVES - set(ALL) | {n for n in ALL if leaves_of(n) == (n,)}))}."
            )
        scores[name] = _number(f"tagger.f1.{name}", value, "a number from 0 to 1", least=0, most=1)
    return scores
