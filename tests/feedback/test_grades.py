from __future__ import annotations

import re
from dataclasses import replace

import pytest

from feedback.evidence.grades import LOOKS, RULES, grade
from feedback.evidence.published import published_study

EXPECTED = {
    "reflection_simple": "helpful",
    "reflection_complex": "helpful",
    "emphasize_autonomy": "helpful",
    "persuade_with_permission": "linked_to_worse",
    "give_information": "uncertain",
    "seek_collaboration": "uncertain",
    "emotional_reactions": "uncertain",
    "open_question": "no_link",
    "closed_question": "no_link",
    "affirm": "no_link",
    "explorations": "no_link",
    "interpretations": "no_link",
    "support": "not_tested",
    "self_disclosure": "not_tested",
    "grounding": "not_tested",
    "introduction_greeting": "not_tested",
    "conclusion": "not_tested",
    "chit_chat": "not_tested",
    "other": "not_tested",
    "direct": "discouraged",
    "confront": "discouraged",
    "warn": "discouraged",
    "inappropriate": "discouraged",
    "advise_without_permission": "discouraged",
}


@pytest.mark.parametrize(("code", "key"), EXPECTED.items())
def test_published_grades(code, key):
    assert grade(code, published_study()).key == key


def test_reflection_is_helpful_for_depression_only():
    result = grade("reflection_simple", published_study())
    assert dict(result.detail) == {"PHQ-2": "helpful", "GAD-2": "no_link"}
    assert "depression scores only" in result.reason


def test_persuading_is_linked_to_worse_on_both_outcomes():
    result = grade("persuade_with_permission", published_study())
    assert dict(result.detail) == {"PHQ-2": "linked_to_worse", "GAD-2": "linked_to_worse"}
    assert "depression and anxiety" in result.reason and "only" not in result.reason


def test_warmth_is_never_linked_to_worse():
    result = grade("emotional_reactions", published_study())
    assert result.rule == "reverse_causation"
    assert "no reason to be less warm" in result.reason
    assert set(dict(result.detail).values()) == {"uncertain"}


def test_a_surviving_effect_of_a_weak_tagger_stays_uncertain():
    assert _grade_of(tagger_f1=0.59, survives_bh=True, beta=-0.05).key == "uncertain"
    assert _grade_of(tagger_f1=0.60, survives_bh=True, beta=-0.05).key == "helpful"


def test_nominal_but_uncorrected_is_uncertain_and_unstarred_is_no_link():
    assert _grade_of(survives_bh=False, stars="*").key == "uncertain"
    assert _grade_of(survives_bh=False, stars="").key == "no_link"


def test_no_difference_at_all_is_no_link_in_either_direction():
    assert _grade_of(survives_bh=True, beta=0.0, stars="").key == "no_link"


def test_effects_in_opposite_directions_are_uncertain():
    study = published_study()
    phq, gad = study.effects_of("reflection_simple")
    mixed = replace(study, effects=(phq, replace(gad, beta=0.03, survives_bh=True)))
    found = grade("reflection_simple", mixed)
    assert found.rule == "both_ways" and found.reason.startswith("It is associated with")


def test_every_grade_has_its_own_word_icon_and_pattern():
    looks = LOOKS.values()
    assert len({look.label for look in looks}) == len({look.icon for look in looks}) == 6
    assert len({look.pattern for look in looks}) == 6
    assert {rule.grade for rule in RULES} == set(LOOKS)


def test_no_reason_claims_a_cause():
    for code in EXPECTED:
        reason = grade(code, published_study()).reason
        assert not re.search(r"\bcauses?d?\b|goes with", reason) and reason.endswith(".")


def test_a_study_that_does_not_say_how_well_it_recognised_is_believed_no_more_than_a_weak_one():
    result = _grade_of(tagger_f1=None, survives_bh=True, beta=-0.05)
    assert (result.key, result.rule) == ("uncertain", "unknown_tagger")
    assert "does not say how reliably" in result.reason
    assert all(effect.tagger_f1 is not None for effect in published_study().effects)


def _grade_of(**changes):
    study = published_study()
    effect = replace(study.effects_of("reflection_simple")[0], **changes)
    return grade("reflection_simple", replace(study, effects=(effect,)))
