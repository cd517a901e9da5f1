"""The evidence card behind a tag: everything a template shows, nothing left for it to work out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedback.evidence.forest import ForestRow, ForestScale, forest_scale
from feedback.evidence.grades import Grade, grade
from feedback.evidence.persuading import PERSUADING, PersuadingNotes, persuading_notes
from feedback.evidence.study_types import Effect, Satisfaction, Study, scores_in_words
from skills.taxonomy import EMPATHY, TECHNIQUES

LOW_RELIABILITY_F1 = 0.60
LOW_RELIABILITY_N = 30
# What the tagger's card calls the text that a technique was measured on.
OWN_LINES = "own frozen set"
MEASURED_ON = {
    "development test": "public messages kept out of its training",
    OWN_LINES: "our own lines only, which are short and clear: easier than chat",
    "frozen set (own examples, messages coded by two trainers)": (
        "our own lines, easier than chat, and messages that two trainers coded"
    ),
}


@dataclass(frozen=True)
class AssociationRow:
    """One instrument's figures, with the study's own sign. `words` is the sentence to read first, the numbers
    stand beside it; `note` says where the plot is turned round, empty where it is not."""

    instrument: str
    outcome: str
    beta: float
    se: float
    ci: tuple[float, float]
    beta_text: str
    ci_text: str
    n_seekers: int
    n_obs: int
    words: str
    note: str
    stars: str
    survives_bh: bool
    forest: ForestRow


@dataclass(frozen=True)
class SatisfactionRow:
    odds_ratio: float
    p: str
    text: str
    words: str
    source: str


@dataclass(frozen=True)
class Reliability:
    """How well *our* tagger finds this code on held-out data; `low` marks F1 < .60 or n < 30, `own_lines`
    that it was measured on lines of the maintainers' own only."""

    f1: float | None
    ci: tuple[float, float] | None
    n: int | None
    low: bool
    words: str
    own_lines: bool = False


@dataclass(frozen=True)
class EvidenceCard:
    """`name` heads the card; `tag_name` is the technique's own, another one where `persuading` is there."""

    code: str
    name: str
    tag_name: str
    definition: str
    examples: tuple[str, ...]
    grade: Grade
    rows: tuple[AssociationRow, ...]
    satisfaction: SatisfactionRow | None
    scale: ForestScale
    caveats: tuple[str, ...]
    reliability: Reliability | None
    probability: float | None
    persuading: PersuadingNotes | None
    study_slug: str
    study_version: str
    study_title: str
    citation: str
    doi: str
    doi_url: str
    beside: EvidenceCard | None = None


def evidence_card(
    code: str,
    study: Study,
    *,
    probability: float | None = None,
    probabilities: Mapping[str, float] | None = None,
    reliability: Mapping[str, Any] | None = None,
    beside: Study | None = None,
) -> EvidenceCard:
    """The card of a technique or empathy head; `beside` is another study's card of the same.

    `probability` is the tag's own; `probabilities` all of the message's, which lets the card say
    "persuading" where the tagger is unsure; `reliability` is the code's entry in the tagger's card
    ({"f1", "ci", "n", "low_reliability"}). Raises KeyError for a code outside the taxonomy.
    """
    entry = TECHNIQUES[code] if code in TECHNIQUES else EMPATHY[code]
    effects = study.effects_of(code)
    scale = forest_scale(study.effects)
    satisfaction = study.satisfaction_of(code)
    persuading = None
    if code in PERSUADING and probabilities is not None:
        persuading = persuading_notes(probabilities, study)
    return EvidenceCard(
        code=code,
        name=persuading.name if persuading else entry.name,
        tag_name=entry.name,
        definition=entry.definition,
        examples=tuple(entry.examples),
        grade=grade(code, study),
        rows=tuple(_row(effect, scale, study.size) for effect in effects),
        satisfaction=_satisfaction_row(satisfaction, study) if satisfaction else None,
        scale=scale,
        caveats=_caveats(code, study),
        reliability=reliability_of(reliability) if reliability is not None else None,
        probability=probability,
        persuading=persuading,
        study_slug=study.slug,
        study_version=study.version,
        study_title=study.title,
        citation=study.citation,
        doi=study.doi,
        doi_url=f"https://doi.org/{study.doi}" if study.doi else "",
        beside=evidence_card(code, beside) if beside is not None else None,
    )


TURNED_PLOT = "Higher is better here: the plot is turned round, the figures are not"
TURNED_FIGURES = "Kept with figures turned so that below zero is better"


def words_for(effect: Effect, size: str = "") -> str:
    """The association in words that claim no more than the study does; `size` is `Study.size`."""
    if not effect.nominal and not effect.survives_bh:
        return f"no clear association with {effect.outcome} scores"
    words = f"associated with {scores_in_words((effect,), size)}"
    return words if effect.survives_bh else f"{words}, but not after correction for many tests"


def _row(effect: Effect, scale: ForestScale, size: str) -> AssociationRow:
    low, high = effect.ci
    notes = {"lower": "", "higher": TURNED_PLOT, "": TURNED_FIGURES}
    return AssociationRow(
        instrument=effect.instrument,
        outcome=effect.outcome,
        beta=effect.beta,
        se=effect.se,
        ci=effect.ci,
        beta_text=_signed(effect.beta),
        ci_text=f"{_signed(low)} to {_signed(high)}",
        n_seekers=effect.n_seekers,
        n_obs=effect.n_obs,
        words=words_for(effect, size),
        note=notes[effect.better_end],
        stars=effect.stars,
        survives_bh=effect.survives_bh,
        forest=scale.row(effect),
    )


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _satisfaction_row(row: Satisfaction, study: Study) -> SatisfactionRow:
    percent = round(abs(row.odds_ratio - 1) * 100, 1)
    if row.p == "ns":
        words = "no clear association with how seekers rate the chat"
    else:
        direction = "higher" if row.odds_ratio > 1 else "lower"
        words = f"associated with {percent:g} % {direction} odds of a good rating per extra use"
        if row.p == "<.10":
            words += " (a trend only)"
    text = (
        f"OR {row.odds_ratio:.3f}, p {row.p}"
        if row.p != "ns"
        else f"OR {row.odds_ratio:.3f}, not significant"
    )
    return SatisfactionRow(row.odds_ratio, row.p, text, words, study.satisfaction_citation or row.source)


def _caveats(code: str, study: Study) -> tuple[str, ...]:
    extra = []
    siblings = next((group for group in study.unsplit if code in group), ())
    if siblings:
        names = " and ".join(_name(sibling) for sibling in siblings)
        extra.append(f"The study measured {names} together; no evidence tells them apart.")
    if code in study.reverse_causation:
        extra.append("Seekers who feel worse tend to receive more warmth; never a reason for less of it.")
    weak = [effect.tagger_f1 for effect in study.effects_of(code) if effect.tagger_f1 is not None]
    if weak and min(weak) < LOW_RELIABILITY_F1:
        extra.append(f"The study's own recognition of this technique was weak (F1 {min(weak):.2f}).")
    general = study.caveats if study.effects_of(code) else ()
    return (*extra, *general)


def _name(code: str) -> str:
    return (TECHNIQUES[code] if code in TECHNIQUES else EMPATHY[code]).name.lower()


def reliability_of(entry: Mapping[str, Any]) -> Reliability:
    """The words and the mark for a code's entry in the tagger's card."""
    f1, n, ci = entry.get("f1"), entry.get("n"), entry.get("ci")
    if f1 is None:
        return Reliability(None, None, n, True, "How well the tagger finds this technique was not measured.")
    low = bool(entry.get("low_reliability")) or f1 < LOW_RELIABILITY_F1 or (n or 0) < LOW_RELIABILITY_N
    interval = f", 95 % interval {ci[0]:.2f} to {ci[1]:.2f}" if ci else ""
    lead = "Low reliability: the" if low else "The"
    source = entry.get("source", "")
    where = f", measured on {MEASURED_ON.get(source, source)}" if source else ""
    words = f"{lead} tagger's F1 for this technique is {f1:.2f}{interval} (n = {n or 0}){where}."
    return Reliability(f1, tuple(ci) if ci else None, n, low, words, own_lines=source == OWN_LINES)
