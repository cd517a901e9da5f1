from __future__ import annotations

import pytest

from feedback.evidence.cards import evidence_card
from feedback.evidence.persuading import unsure_between
from feedback.evidence.published import published_study
from skills.taxonomy import CODES, EMPATHY

STUDY = published_study()


def test_card_of_reflection_shows_both_instruments_with_interval_and_n():
    card = evidence_card("reflection_complex", STUDY, probability=0.9)
    depression, anxiety = card.rows
    assert (depression.instrument, depression.outcome) == ("PHQ-2", "depression")
    assert depression.beta_text == "\N{MINUS SIGN}0.022"
    assert depression.ci_text == "\N{MINUS SIGN}0.040 to \N{MINUS SIGN}0.004"
    assert (depression.n_seekers, depression.n_obs) == (25_536, 41_751)
    assert depression.words == "associated with slightly lower depression scores"
    assert anxiety.words == "no clear association with anxiety scores"
    assert card.probability == 0.9


def test_persuading_pleases_and_yet_goes_with_worse_symptoms():
    card = evidence_card("persuade_with_permission", STUDY)
    assert all("slightly higher" in row.words for row in card.rows)
    assert card.satisfaction.text == "OR 1.019, p <.01"
    assert "1.9 % higher odds" in card.satisfaction.words
    assert "Shah" in card.satisfaction.source


def test_uncorrected_link_says_so():
    row = evidence_card("give_information", STUDY).rows[0]
    assert row.words.endswith("but not after correction for many tests")


def test_caveats_name_matching_reverse_causation_scale_and_size():
    text = " ".join(evidence_card("reflection_simple", STUDY).caveats)
    for part in ("unmatched", "Reverse causation cannot be excluded", "PHQ-2 and GAD-2", "0 to 6", "0.048"):
        assert part in text
    assert "simple reflection and complex reflection together" in text


def test_untested_code_has_no_rows_and_no_study_caveats():
    card = evidence_card("grounding", STUDY)
    assert card.rows == () and card.caveats == () and card.satisfaction is None
    assert card.grade.key == "not_tested"


def test_forest_positions_are_ordered_fractions_with_zero_in_the_middle():
    for code in (*CODES, *EMPATHY):
        for row in evidence_card(code, STUDY).rows:
            forest = row.forest
            assert 0.0 <= forest.low < forest.point < forest.high <= 1.0
            assert forest.zero == 0.5
            assert (forest.point < 0.5) == (row.beta < 0)
    scale = evidence_card("affirm", STUDY).scale
    assert scale.limit == pytest.approx(0.08)


def test_unsure_persuading_shows_both_notes():
    close = {"persuade_with_permission": 0.5, "advise_without_permission": 0.4}
    card = evidence_card("advise_without_permission", STUDY, probabilities=close)
    assert card.name == "Persuading" and card.persuading.sure is None
    assert [grade.key for _, grade in card.persuading.notes] == ["linked_to_worse", "discouraged"]
    clear = {"persuade_with_permission": 0.05, "advise_without_permission": 0.9}
    card = evidence_card("advise_without_permission", STUDY, probabilities=clear)
    assert card.persuading is None and card.name != "Persuading"


def test_two_small_probabilities_are_no_doubt_worth_showing():
    assert not unsure_between({"persuade_with_permission": 0.05, "advise_without_permission": 0.05})
    assert not unsure_between({})


def test_reliability_of_the_tagger_is_ours_and_marked_when_low():
    good = evidence_card("affirm", STUDY, reliability={"f1": 0.81, "ci": [0.77, 0.85], "n": 240}).reliability
    assert not good.low and good.words.endswith("0.81, 95 % interval 0.77 to 0.85 (n = 240).")
    assert evidence_card("affirm", STUDY, reliability={"f1": 0.9, "ci": None, "n": 12}).reliability.low
    assert evidence_card("affirm", STUDY, reliability={"f1": 0.59, "ci": None, "n": 99}).reliability.low
    assert evidence_card("affirm", STUDY, reliability={"f1": None, "n": 0}).reliability.low


def test_unknown_code_is_refused():
    with pytest.raises(KeyError):
        evidence_card("hypnosis", STUDY)


def test_card_names_the_study_version():
    card = evidence_card("affirm", STUDY)
    assert (card.study_version, card.doi_url) == ("2024.1", "https://doi.org/10.1145/3641029")
