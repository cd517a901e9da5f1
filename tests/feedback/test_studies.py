"""Studies as rows: written once, never changed, equal to what they were made from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feedback.evidence.published import published_study
from feedback.models import EvidenceStudy, TechniqueEffect
from feedback.studies import rows as studies


def test_a_study_comes_back_equal(content):
    assert studies.serving_study() == published_study()
    assert TechniqueEffect.objects.count() == len(published_study().effects) == 20


def test_writing_it_again_changes_nothing(content):
    assert studies.sync_published() == 0
    assert EvidenceStudy.objects.count() == 1


def test_other_content_under_the_same_version_is_refused(content):
    with pytest.raises(ValueError, match="new version"):
        studies.save_study(replace(published_study(), title="Another"))


def test_rows_are_immutable(content):
    study, effect = EvidenceStudy.objects.get(), TechniqueEffect.objects.first()
    for row in (study, effect):
        with pytest.raises(TypeError):
            row.save()


def test_grades_of_a_page_cost_one_query(content, django_assert_num_queries):
    studies._as_study.cache_clear()
    studies.grades_for({"affirm"})
    with django_assert_num_queries(1):
        grades = studies.grades_for({"affirm", "warn", "reflection_simple"})
    assert {code: grade.key for code, grade in grades.items()} == {
        "affirm": "no_link",
        "warn": "discouraged",
        "reflection_simple": "helpful",
    }


def test_without_a_row_the_shipped_study_serves(db):
    assert studies.serving_row() is None
    assert studies.serving_study() == published_study()
    assert studies.grades_for({"affirm"})["affirm"].key == "no_link"
