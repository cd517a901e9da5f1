"""A result of the study as effects: the study's own sign, and which end of the instrument is better."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feedback.evidence.grades import grade
from feedback.evidence.published import published_study
from feedback.evidence.study.as_evidence import study_from
from feedback.evidence.study.spec import spec_from
from feedback.evidence.study_types import study_from_dict, study_to_dict
from tests.feedback.study_imports import RESULT, TERM

F1 = {"reflection_simple": 0.71, "reflection_complex": 0.65}


def _result(name: str, better: str, beta: float):
    half = 2 if name == "Wellbeing" else 0.02
    term = TERM | {"beta": beta, "ci": [beta - half, beta + half]}
    part = RESULT["rq2"]["PHQ-2"]["mi"] | {"terms": {"reflection": term}}
    own = {"Wellbeing": {"low": 0, "high": 100, "better": better}}
    spec = spec_from({"instruments": own, "tagger": {"f1": F1}})
    return RESULT | {"rq2": {name: {"mi": part}}, "spec": spec.as_dict()}


@pytest.mark.parametrize(
    ("better", "beta", "key"),
    [
        ("higher", 6.0, "helpful"),
        ("higher", -6.0, "linked_to_worse"),
        ("lower", 6.0, "linked_to_worse"),
        ("lower", -6.0, "helpful"),
    ],
)
def test_the_sign_is_the_study_s_and_the_verdict_knows_the_better_end(better, beta, key):
    study = study_from(_result("Wellbeing", better, beta), version="1")
    (effect,) = study.effects
    assert (effect.beta, effect.ci, effect.better) == (beta, (beta - 2, beta + 2), better)
    assert grade("reflection_simple", study).key == key
    assert study_from_dict(study_to_dict(study)) == study


def test_phq_and_gad_are_kept_as_before_so_that_checksums_stay():
    study = study_from(_result("PHQ-2", "higher", -0.05), version="1")
    assert "better" not in study_to_dict(study)["effects"][0]
    assert all("better" not in effect for effect in study_to_dict(published_study())["effects"])


def test_no_size_is_claimed_for_an_own_study():
    own = replace(published_study(), kind="own")
    assert "slightly" in grade("reflection_simple", published_study()).reason
    assert "slightly" not in grade("reflection_simple", own).reason


@pytest.mark.parametrize(
    ("counted", "f1", "key"),
    [
        (None, 0.65, "helpful"),
        ({"reflection": ["reflection_simple"]}, 0.71, "helpful"),
        ({"reflection": ["reflection_simple", "affirm"]}, None, "uncertain"),
    ],
)
def test_f1_is_the_lowest_of_the_codes_that_were_counted_and_unknown_with_one_of_them(counted, f1, key):
    result = _result("PHQ-2", "lower", -0.05) | ({"counted": counted} if counted else {})
    study = study_from(result, version="1")
    assert study.effects[0].tagger_f1 == f1
    assert grade("reflection_simple", study).key == key
