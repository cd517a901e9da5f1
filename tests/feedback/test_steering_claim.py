"""The pages of the claim are those that their command makes of the reports that are kept."""

from __future__ import annotations

import copy

import pytest

from bench.steering import claim

REPORTS = {claim.name(report): report for report in claim.kept()}


def test_the_page_is_that_of_the_reports_kept():
    assert claim.PAGE.read_text(encoding="utf-8") == claim.page(list(REPORTS.values()))
    assert len(REPORTS) == 9
    assert {path.stem for path in claim.KEPT.glob("*.html")} == set(REPORTS)


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_small_and_its_page_is_made_of_it(name):
    assert (claim.KEPT / f"{name}.json").stat().st_size < 200_000
    assert (claim.KEPT / f"{name}.html").read_text(encoding="utf-8") == claim.one_page(REPORTS[name])


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_measured_apart_from_what_chose_its_layer(name):
    report = REPORTS[name]
    assert report["pairs"]["choosing"] == 40
    assert report["pairs"]["held_out"] == 80
    assert all(row["auc_choosing"] is not None for row in report["layers"])


@pytest.fixture
def report():
    return copy.deepcopy(REPORTS["autonomy"])


def test_the_auc_is_that_of_the_layers_used_and_not_the_best(report):
    for row in report["layers"]:
        row["auc"] = 0.61 if row["used"] else 0.99
    assert claim.row(report)[2] == "0.61"


def test_laws_that_are_too_close_to_their_rivals_do_not_hold(report):
    for law in report["fits"].values():
        if isinstance(law, dict):
            law.update(preferred="law", r2=0.95)
    assert claim.both_hold(report)
    report["fits"]["helpfulness"]["preferred"] = "undecided"
    assert not claim.both_hold(report)
    assert claim.row(report)[7].endswith(", undecided")
    assert "its linear rival: none; undecided: autonomy." in claim.page([report])
