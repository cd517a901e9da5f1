"""What an evidence study is: effects of techniques on symptom scores, as plain immutable values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

OUTCOME_NAMES = {
    "PHQ-2": "depression",
    "PHQ-9": "depression",
    "GAD-2": "anxiety",
    "GAD-7": "anxiety",
}


@dataclass(frozen=True)
class Effect:
    """One technique on one instrument.

    `beta` and `se` are in points of the instrument per +1 standard deviation of use in the period
    (PHQ-2 and GAD-2 run 0-6); `ci` is the 95 % interval in the same unit. `survives_bh` is what the
    study states after its own correction and is never recomputed from the rounded figures.
    `tagger_f1` is that of the *study's* tagger for this technique. `better` is the end of the
    instrument that is better; it is empty for PHQ and GAD, whose lower end is, and in effects that were
    kept before it was noted: those were turned round where higher is better, so that below zero is better.
    """

    technique: str
    family: str
    code_keys: tuple[str, ...]
    instrument: str
    beta: float
    se: float
    ci: tuple[float, float]
    stars: str
    survives_bh: bool
    n_seekers: int
    n_obs: int
    tagger_f1: float | None
    source: str
    better: str = ""

    @property
    def turned(self) -> float:
        """`beta` with the sign that below zero is better: for verdicts and places on a plot, never shown."""
        return -self.beta if self.better == "higher" else self.beta

    @property
    def turned_ci(self) -> tuple[float, float]:
        """`ci` in the same way, the lower end first."""
        low, high = self.ci
        return (-high, -low) if self.better == "higher" else (low, high)

    @property
    def better_end(self) -> str:
        """ "lower" or "higher"; empty where an effect was kept without it."""
        return self.better or ("lower" if self.instrument in OUTCOME_NAMES else "")

    @property
    def nominal(self) -> bool:
        """Whether the study reports p < .05 before correction."""
        return bool(self.stars)

    @property
    def outcome(self) -> str:
        return OUTCOME_NAMES.get(self.instrument, self.instrument)


@dataclass(frozen=True)
class Satisfaction:
    """How ratings of a chat go with a technique: odds ratio per extra use, p as printed ("ns", "<.05")."""

    technique: str
    code_keys: tuple[str, ...]
    odds_ratio: float
    p: str
    source: str


@dataclass(frozen=True)
class Study:
    """An immutable, versioned set of effects.

    `reverse_causation` lists codes for which the study itself warns that worse symptoms may draw the
    technique rather than the other way round. `unsplit` lists the codes that the study measured only
    together with a sibling, so no evidence tells the two apart. `range` is that of the instruments.
    """

    slug: str
    version: str
    title: str
    citation: str
    doi: str
    kind: str
    effects: tuple[Effect, ...]
    satisfaction: tuple[Satisfaction, ...] = ()
    satisfaction_citation: str = ""
    reverse_causation: tuple[str, ...] = ()
    unsplit: tuple[tuple[str, ...], ...] = ()
    caveats: tuple[str, ...] = ()

    def effects_of(self, code: str) -> tuple[Effect, ...]:
        return tuple(effect for effect in self.effects if code in effect.code_keys)

    def satisfaction_of(self, code: str) -> Satisfaction | None:
        return next((row for row in self.satisfaction if code in row.code_keys), None)

    @property
    def size(self) -> str:
        """ "slightly " where it is known that all links are small; of an own study it is not, so nothing."""
        return "slightly " if self.kind == "published" else ""


def scores_in_words(effects: Iterable[Effect], size: str = "") -> str:
    """Which way the scores of these effects lie: "slightly lower depression and anxiety scores". `size` is
    `Study.size`. Where the better end of an instrument was not noted, "better" or "worse"."""
    named: dict[tuple[str, str], list[str]] = {}
    for effect in effects:
        if effect.better_end:
            way = "lower" if effect.beta < 0 else "higher"
        else:
            way = "better" if effect.beta < 0 else "worse"
        note = " (higher is better)" if effect.better_end == "higher" else ""
        outcomes = named.setdefault((way, note), [])
        if effect.outcome not in outcomes:
            outcomes.append(effect.outcome)
    parts = (f"{size}{way} {' and '.join(names)} scores{note}" for (way, note), names in named.items())
    return " and ".join(parts)


def interval95(beta: float, se: float) -> tuple[float, float]:
    """Normal 95 % interval of an estimate, rounded as finely as published figures allow (3 decimals)."""
    return round(beta - 1.96 * se, 3), round(beta + 1.96 * se, 3)


def study_to_dict(study: Study) -> dict[str, Any]:
    """The study as JSON-able values; `study_from_dict` gives an equal study back. An empty `better` is left
    out, so that studies written before it was noted keep their checksum."""
    body = asdict(study)
    for effect in body["effects"]:
        if not effect["better"]:
            del effect["better"]
    return body


def study_from_dict(data: Mapping[str, Any]) -> Study:
    """The study that `study_to_dict` wrote. KeyError or TypeError on a missing or unknown field."""
    fields = dict(data)
    fields["effects"] = tuple(_row(Effect, row) for row in fields["effects"])
    fields["satisfaction"] = tuple(_row(Satisfaction, row) for row in fields.get("satisfaction", ()))
    for name in ("reverse_causation", "caveats"):
        fields[name] = tuple(fields.get(name, ()))
    fields["unsplit"] = tuple(tuple(group) for group in fields.get("unsplit", ()))
    return Study(**fields)


def _row(kind: type, row: Mapping[str, Any]) -> Any:
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})
