"""A result as the evidence that grades and cards read."""

from __future__ import annotations

from typing import Any

from feedback.evidence.study import words
from feedback.evidence.study.output import plain
from feedback.evidence.study.techniques import FAMILIES, leaves_of, name_of, recognised
from feedback.evidence.study_types import OUTCOME_NAMES, Effect, Study

FAILED = "Part of the study failed"  # begins the notes that are for admins alone
# A study says so itself, and ours takes it from the published one: who feels worse receives more warmth.
REVERSE_CAUSATION = ("emotional_reactions",)


def study_from(result: dict[str, Any], *, version: str) -> Study:
    """The techniques of every instrument that could be analysed; `version` names the run."""
    effects = []
    for instrument, families in result["rq2"].items():
        for family, part in families.items():
            for name in FAMILIES[family]:
                if name in part.get("terms", {}):
                    effects.append(_effect(name, family, instrument, part, result))
    instruments = list(dict.fromkeys(effect.instrument for effect in effects))
    return Study(
        slug="own",
        version=version,
        title=result["title"],
        citation=f"{result['title']}, own data",
        doi="",
        kind="own",
        effects=tuple(effects),
        reverse_causation=REVERSE_CAUSATION,
        unsplit=(("reflection_simple", "reflection_complex"), ("open_question", "closed_question")),
        caveats=(
            "Figures for single techniques are unmatched associations; reverse causation cannot be excluded.",
            f"Scores are {', '.join(instruments)}; nothing here carries over to another instrument.",
            *(f"{FAILED}: {words.part(row['part'])}, {row['instrument']}." for row in result["partial"]),
        ),
    )


def provenance_of(result: dict[str, Any]) -> dict[str, Any]:
    """Where a result comes from, as far as it says so: {"data_sha256": of the tables' bytes,
    "tagger_version", "format", "spec": the specification that was written before it ran}."""
    names = ("data_sha256", "tagger_version", "format", "spec")
    return plain({name: result[name] for name in names if name in result})


def _effect(name: str, family: str, instrument: str, part: dict[str, Any], result: dict[str, Any]) -> Effect:
    term = part["terms"][name]
    f1, _ = recognised(name, result["spec"]["tagger_f1"], result.get("counted"))
    better = result["spec"]["instruments"][instrument]["better"]
    low, high = term["ci"]
    return Effect(
        technique=name_of(name),
        family=family,
        code_keys=leaves_of(name),
        instrument=instrument,
        beta=term["beta"],
        se=term["se"],
        ci=(low, high),
        stars=_stars(term["p"]),
        survives_bh=term["survives_bh"],
        n_seekers=part["n_seekers"],
        n_obs=part["n_obs"],
        tagger_f1=f1,
        source="own study",
        better="" if better == "lower" and instrument in OUTCOME_NAMES else better,
    )


def _stars(p: float) -> str:
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""
