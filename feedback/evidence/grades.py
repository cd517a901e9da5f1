"""The written rule table that turns a study's figures into one of six grades.

The table is read from the top and the first rule that holds decides. Grades use the reliability of
the *study's* tagger; the reliability shown beside a tag is that of ours and plays no part here. A study
that does not say how reliable it was is not believed more than one that says it was not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from feedback.evidence.study_types import Effect, Study, scores_in_words

WEAK_TAGGER_F1 = 0.60

DISCOURAGED = {
    "direct": "Motivational interviewing guidelines discourage giving orders.",
    "confront": "Motivational interviewing guidelines discourage arguing with or blaming the seeker.",
    "warn": "Motivational interviewing guidelines discourage warning of bad consequences.",
    "inappropriate": "Peer support guidelines discourage dismissive or unrelated remarks.",
    "advise_without_permission": "Motivational interviewing guidelines discourage unasked advice.",
}


@dataclass(frozen=True)
class GradeLook:
    """How a grade is shown: always a word, an icon and a pattern together, never colour alone."""

    key: str
    label: str
    icon: str
    pattern: str


LOOKS = {
    look.key: look
    for look in (
        GradeLook("helpful", "Helpful", "circle-check", "solid"),
        GradeLook("linked_to_worse", "Linked to worse", "triangle-up", "stripes"),
        GradeLook("uncertain", "Uncertain", "circle-question", "dots"),
        GradeLook("no_link", "No link found", "circle-minus", "plain"),
        GradeLook("not_tested", "Not tested", "circle-dashed", "dashed"),
        GradeLook("discouraged", "Discouraged by guideline", "flag", "crosshatch"),
    )
}


@dataclass(frozen=True)
class Grade:
    """A code's grade under one study; `detail` is one (instrument, grade key) pair per tested instrument."""

    key: str
    label: str
    icon: str
    pattern: str
    reason: str
    rule: str
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Facts:
    """What the rules look at."""

    code: str
    effects: tuple[Effect, ...]
    reverse_causation: bool
    size: str = ""

    @property
    def better(self) -> tuple[Effect, ...]:
        return tuple(e for e in self.effects if e.survives_bh and e.turned < 0)

    @property
    def worse(self) -> tuple[Effect, ...]:
        return tuple(e for e in self.effects if e.survives_bh and e.turned > 0)

    @property
    def weak_tagger(self) -> bool:
        return any(e.tagger_f1 is not None and e.tagger_f1 < WEAK_TAGGER_F1 for e in self.effects)

    @property
    def unknown_tagger(self) -> bool:
        return any(e.tagger_f1 is None for e in self.effects)


@dataclass(frozen=True)
class Rule:
    name: str
    holds: Callable[[Facts], bool]
    grade: str
    reason: Callable[[Facts], str]


def _outcomes(effects: tuple[Effect, ...]) -> str:
    return " and ".join(dict.fromkeys(effect.outcome for effect in effects))


def _only(effects: tuple[Effect, ...], facts: Facts) -> str:
    tested = {effect.outcome for effect in facts.effects}
    return " only" if len({effect.outcome for effect in effects}) < len(tested) else ""


RULES: tuple[Rule, ...] = (
    Rule(
        "guideline",
        lambda f: f.code in DISCOURAGED,
        "discouraged",
        lambda f: f"{DISCOURAGED[f.code]} This is a norm, not a measured outcome.",
    ),
    Rule(
        "untested",
        lambda f: not f.effects,
        "not_tested",
        lambda f: "The study did not test this technique against symptoms.",
    ),
    Rule(
        "reverse_causation",
        lambda f: f.reverse_causation and bool(f.worse),
        "uncertain",
        lambda f: (
            f"It is associated with {scores_in_words(f.worse, f.size)}, most likely because seekers who "
            "feel worse receive more warmth; it is no reason to be less warm."
        ),
    ),
    Rule(
        "weak_tagger",
        lambda f: f.weak_tagger,
        "uncertain",
        lambda f: (
            f"The study recognised this technique too unreliably to lean on (F1 below {WEAK_TAGGER_F1:.2f})."
        ),
    ),
    Rule(
        "unknown_tagger",
        lambda f: f.unknown_tagger,
        "uncertain",
        lambda f: (
            "The study does not say how reliably it recognised this technique, so nothing is read from it."
        ),
    ),
    Rule(
        "both_ways",
        lambda f: bool(f.better) and bool(f.worse),
        "uncertain",
        lambda f: (
            f"It is associated with {scores_in_words(f.better, f.size)} but "
            f"{scores_in_words(f.worse, f.size)}."
        ),
    ),
    Rule(
        "better",
        lambda f: bool(f.better),
        "helpful",
        lambda f: f"More of it is associated with {scores_in_words(f.better, f.size)}{_only(f.better, f)}.",
    ),
    Rule(
        "worse",
        lambda f: bool(f.worse),
        "linked_to_worse",
        lambda f: f"More of it is associated with {scores_in_words(f.worse, f.size)}{_only(f.worse, f)}.",
    ),
    Rule(
        "fails_correction",
        lambda f: any(e.nominal for e in f.effects),
        "uncertain",
        lambda f: "The link does not hold after correcting for the number of tests.",
    ),
    Rule(
        "tested",
        lambda f: True,
        "no_link",
        lambda f: f"Tested against {_outcomes(f.effects)}; no clear link was found.",
    ),
)


def grade(code: str, study: Study) -> Grade:
    """The grade of a technique or empathy head under a study.

    `code` is a leaf code of the taxonomy or an empathy head; a code the study never mentions is
    "not_tested" unless guidelines discourage it.
    """
    effects = study.effects_of(code)
    reverse = code in study.reverse_causation
    facts = Facts(code, effects, reverse, study.size)
    rule = _first(facts)
    detail: tuple[tuple[str, str], ...] = ()
    if rule.grade != "discouraged":
        detail = tuple((e.instrument, _first(Facts(code, (e,), reverse)).grade) for e in effects)
    look = LOOKS[rule.grade]
    return Grade(look.key, look.label, look.icon, look.pattern, rule.reason(facts), rule.name, detail)


def _first(facts: Facts) -> Rule:
    return next(rule for rule in RULES if rule.holds(facts))
