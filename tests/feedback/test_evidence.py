from __future__ import annotations

import json

import pytest

from feedback.evidence.published import published_study
from feedback.evidence.study_types import study_from_dict, study_to_dict


def test_published_study_has_ten_techniques_on_two_instruments():
    study = published_study()
    assert len(study.effects) == 20
    assert {effect.instrument for effect in study.effects} == {"PHQ-2", "GAD-2"}
    assert len({effect.technique for effect in study.effects}) == 10


def test_figures_of_reflection_are_those_of_the_paper():
    phq, gad = published_study().effects_of("reflection_complex")
    assert (phq.beta, phq.se, phq.stars, phq.survives_bh) == (-0.022, 0.009, "*", True)
    assert phq.ci == pytest.approx((-0.040, -0.004))
    assert (phq.n_seekers, phq.n_obs) == (25_536, 41_751)
    assert (gad.beta, gad.survives_bh, gad.n_seekers, gad.n_obs) == (-0.008, False, 15_241, 25_689)


def test_exactly_six_tests_survive_correction_as_stored():
    survivors = {(e.technique, e.instrument) for e in published_study().effects if e.survives_bh}
    assert survivors == {
        ("Persuade with Permission", "PHQ-2"),
        ("Persuade with Permission", "GAD-2"),
        ("Emotional Reactions", "PHQ-2"),
        ("Emotional Reactions", "GAD-2"),
        ("Emphasizing Autonomy", "PHQ-2"),
        ("Reflection", "PHQ-2"),
    }


def test_satisfaction_rows_cover_techniques_without_symptom_evidence():
    study = published_study()
    assert study.satisfaction_of("inappropriate").odds_ratio == 0.917
    assert study.satisfaction_of("support").p == "ns"
    assert study.effects_of("support") == ()
    assert study.satisfaction_of("open_question") is None


def test_largest_effect_is_the_one_the_caveat_names():
    study = published_study()
    assert max(abs(effect.beta) for effect in study.effects) == 0.048
    assert any("0.048" in caveat for caveat in study.caveats)


def test_study_survives_a_round_trip_through_json():
    study = published_study()
    assert study_from_dict(json.loads(json.dumps(study_to_dict(study)))) == study


def test_an_unknown_field_is_refused():
    data = study_to_dict(published_study()) | {"surprise": 1}
    with pytest.raises(TypeError):
        study_from_dict(data)
