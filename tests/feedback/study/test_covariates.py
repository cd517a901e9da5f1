"""Terms that tell nothing or repeat others are left out, with a note, and the rest is analysed."""

from __future__ import annotations

import numpy as np
import pytest

from feedback.evidence.study import rq1, rq2
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.propensity import logit_scores, told_nothing
from feedback.evidence.study.spec import Spec
from tests.feedback.study.frames import noise

SPEC = Spec(bootstrap=20)


def test_covariates_that_say_the_same_are_no_separation():
    """Where nobody chats twice a day, days with a chat are chats."""
    rows = noise(80)
    other = rq1.analyse(rows.drop(columns="active_days"), SPEC)
    found = rq1.analyse(rows.assign(active_days=rows["prior_chats"]), SPEC)
    assert found["terms"] == other["terms"]
    assert "active_days" not in found["covariates"] and "active_days" not in found["balance"]
    assert "prior_chats" in found["balance"]
    said = "Not in the propensity score, as it only repeats the covariates before it: active days."
    assert said in found["notes"]


def test_a_covariate_that_never_varies_is_not_reported_as_balanced():
    found = rq1.analyse(noise(80).assign(tenure_days=0.0), SPEC)
    assert "tenure_days" not in found["covariates"] and "tenure_days" not in found["balance"]
    assert "Not in the propensity score, as it never varies: days since joining." in found["notes"]


def test_what_repeats_is_found_in_the_order_of_the_columns():
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, 50))
    x = np.column_stack([a, np.full(50, 3.0), b, 2 * a - b + 7, 1e6 * a, a + 1e-3 * random.normal(size=50)])
    assert told_nothing(x, ("a", "flat", "b", "both", "scaled", "near")) == (["flat"], ["both", "scaled"])
    treated = random.random(50) < 0.5
    names = ("a", "flat", "b", "both", "scaled")
    np.testing.assert_allclose(
        logit_scores(x[:, :5], treated, names), logit_scores(x[:, [0, 2]], treated, ("a", "b")), rtol=1e-6
    )


def test_one_probability_at_one_is_no_separation_and_neither_is_giving_up(monkeypatch):
    x = np.r_[np.linspace(-1, 1, 60), 1e9][:, None]
    treated = np.r_[np.arange(60) % 2 == 0, True]
    assert np.isfinite(logit_scores(x, treated, ("age",))).all()
    monkeypatch.setattr("feedback.evidence.study.propensity.STEPS", 2)
    with pytest.raises(StudyError, match=r"did not settle. Check days since joining for values"):
        logit_scores(x, treated, ("tenure_days",))


@pytest.mark.parametrize("carriers", [0, 9])
def test_nobody_or_hardly_anybody_had_a_chat_before(carriers):
    rows = noise(80).assign(prior_chats=0.0, active_days=0.0)
    rows.loc[rows["seeker_id"].isin([f"s{n}" for n in range(carriers)]), "prior_chats"] = 3.0
    found = rq1.analyse(rows, SPEC)
    assert set(found["terms"]) == {"const", "treated", "pre", "treated:pre"} == set(found["bootstrap"])
    assert any(note.startswith("Earlier chats (log) was left out") for note in found["notes"])


def test_a_control_that_repeats_another_is_left_out():
    rows = noise(80)
    rows["seeker_negative"] = np.random.default_rng(2).normal(size=len(rows))
    found = rq2.analyse(rows.assign(seeker_positive=-rows["seeker_negative"]), "mi", SPEC)
    assert "seeker_negative" in found["terms"] and "seeker_positive" not in found["terms"]
    assert "Seekers' positive words was left out: it only repeats the terms before it." in found["notes"]


def test_what_the_taggers_mistakes_may_do():
    spec = Spec(bootstrap=0, tagger_f1={"affirm": 0.61})
    [note] = [note for note in rq2.analyse(noise(80), "mi", spec)["notes"] if "F1 of" in note]
    assert note.startswith("F1 of the tagger: Affirm 0.61.")
    assert "smaller or larger than it looks, or have the other sign" in note


def test_codes_without_an_f1_are_named_with_what_to_add():
    spec = Spec(bootstrap=0, tagger_f1={"affirm": 0.61, "open_question": 0.8})
    found = rq2.analyse(noise(80), "mi", spec, {"question": ["open_question", "closed_question"]})
    [note] = [note for note in found["notes"] if "is not known" in note]
    assert note.startswith("How well the tagger finds closed_question is not known")
    assert "graded uncertain" in note and "f1 = { closed_question = 0.75 }" in note
    spec = Spec(bootstrap=0, tagger_f1={"affirm": 0.61, "open_question": 0.8})
    found = rq2.analyse(noise(80), "mi", spec, {"question": ["open_question"]})
    assert not [note for note in found["notes"] if "is not known" in note]


def test_notes_of_figures_that_few_carry_name_terms_as_the_tables_do(monkeypatch):
    monkeypatch.setattr("feedback.evidence.study.mixed.Fit.unsure", ("treated:pre", "log_prior_chats"))
    notes = rq1.analyse(noise(80), SPEC)["notes"]
    carried = "not enough data, few seekers carry its figure."
    assert notes == [f"Chat × starting score: {carried}", f"Earlier chats (log): {carried}"]
