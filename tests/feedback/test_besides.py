"""What the published study found besides single techniques: as in the paper, on the page, without a cause."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from feedback.evidence.besides import MATCHED, findings, parts
from feedback.evidence.published import published_study
from feedback.evidence.study import simulate
from feedback.studies import publishing
from feedback.studies import rows as studies

ROWS = {(row.question, row.term): row for row in findings()}


@pytest.mark.parametrize(
    ("question", "term", "texts"),
    [
        ("rq1", "treated", ("−0.126 (−0.146 to −0.106)", "−0.036 (−0.061 to −0.011)")),
        ("rq2", "provider_age", ("−0.036***", "−0.019 (no clear link)")),
        ("rq2", "repeat_contact", ("no clear link", "no clear link")),
        ("rq2", "pre", ("+0.446", "+0.460")),
    ],
)
def test_a_figure_says_what_is_known_of_it_and_no_more(question, term, texts):
    assert tuple(figure.text for figure in ROWS[question, term].figures) == texts


def test_the_figures_are_those_that_simulated_studies_are_made_with():
    assert {term: ROWS["rq1", term].figures[0].beta for term in simulate.RQ1} == simulate.RQ1
    assert ROWS["rq1", "const"].figures[0].beta == simulate.Truth().constant
    assert all(periods == 2 * pairs for _, periods, pairs in MATCHED.values())


def test_each_row_has_its_source_and_claims_no_cause():
    assert all(row.source.startswith("Yang 2024, RQ") for row in findings())
    assert not any(re.search(r"\b(causes?|caused|makes?|effect)\b", row.reading) for row in findings())
    assert sum(len(part.findings) for part in parts()) == len(findings()) == 14


def page_of(people) -> str:
    client = Client()
    client.force_login(people.volunteer)
    return client.get(reverse("feedback:evidence")).content.decode()


def test_the_page_shows_them_with_their_samples_beside_an_own_study_too(content, people):
    own = studies.save_study(replace(published_study(), slug="own", version="1", kind="own"))
    for last in (False, True):
        page = page_of(people)
        assert "Having a chat at all" in page and "−0.126 (−0.146 to −0.106)" in page
        assert "53,915 seekers, 86,498 periods, 43,249 matched pairs" in page
        assert "15,241 seekers, 25,689 periods" in page
        if not last:
            publishing.propose(own, people.admin)
    assert "stands beside it" in page
