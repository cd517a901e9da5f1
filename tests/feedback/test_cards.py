from __future__ import annotations

from dataclasses import replace

import pytest

from feedback.evidence.cards import evidence_card
from feedback.evidence.persuading import persuading_notes, unsure_between
from feedback.evidence.published import published_study
from skills.tagger.card import DEVELOPMENT, FROZEN_SET, OWN_LINES
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
    assert card.name == "Persuading"
    assert [grade.key for _, grade in card.persuading.notes] == ["linked_to_worse", "discouraged"]
    clear = {"persuade_with_permission": 0.05, "advise_without_permission": 0.9}
    card = evidence_card("advise_without_permission", STUDY, probabilities=clear)
    assert card.persuading is None and card.name != "Persuading"
    assert persuading_notes(clear, STUDY) is None


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


def test_an_own_study_keeps_the_sign_of_an_instrument_whose_higher_end_is_better():
    """More of it, more wellbeing: the figure is +6, the verdict "helpful", the mark on the left."""
    card = evidence_card("reflection_complex", _wellbeing(better="higher"))
    (row,) = card.rows
    assert (row.beta_text, row.ci_text) == ("+6.000", "+4.000 to +8.000")
    assert row.words == "associated with higher Wellbeing scores (higher is better)"
    assert card.grade.key == "helpful"
    assert card.grade.reason == ("More of it is associated with higher Wellbeing scores (higher is better).")
    assert row.forest.low < row.forest.point < row.forest.high < 0.5 and "turned round" in row.note


def test_lower_wellbeing_is_linked_to_worse():
    card = evidence_card("reflection_complex", _wellbeing(better="higher", beta=-6.0, ci=(-8.0, -4.0)))
    assert card.grade.key == "linked_to_worse" and "lower Wellbeing scores" in card.grade.reason
    assert card.rows[0].forest.low > 0.5


def test_a_study_kept_before_the_better_end_was_noted_is_still_read_rightly():
    """Its figures were turned when they were kept, so below zero is better whatever the instrument."""
    card = evidence_card("reflection_complex", _wellbeing(better="", beta=-6.0, ci=(-8.0, -4.0)))
    assert card.grade.key == "helpful" and card.rows[0].forest.high < 0.5
    assert card.rows[0].words == "associated with better Wellbeing scores"
    assert "below zero is better" in card.rows[0].note


def test_warmth_that_goes_with_lower_wellbeing_names_each_way():
    own = _wellbeing(better="higher", beta=-6.0, ci=(-8.0, -4.0), code_keys=("emotional_reactions",))
    mixed = replace(own, effects=(*own.effects, *STUDY.effects_of("emotional_reactions")))
    reason = evidence_card("emotional_reactions", mixed).grade.reason
    assert "lower Wellbeing scores (higher is better) and higher depression and anxiety scores, " in reason


def _wellbeing(**changes):
    fields = {"instrument": "Wellbeing", "beta": 6.0, "ci": (4.0, 8.0), "source": "own study"} | changes
    effect = replace(STUDY.effects_of("reflection_complex")[0], **fields)
    return replace(STUDY, slug="own", kind="own", effects=(effect,))


@pytest.mark.parametrize(
    ("source", "words", "own"),
    [
        (DEVELOPMENT, "measured on public messages kept out of its training.", False),
        (
            OWN_LINES,
            "measured on our own lines only, which are short and clear: easier than chat.",
            True,
        ),
        (
            FROZEN_SET,
            "measured on our own lines, easier than chat, and messages that two trainers coded.",
            False,
        ),
        ("somewhere else", "measured on somewhere else.", False),
        ("", "(n = 41).", False),
    ],
)
def test_reliability_says_on_what_it_was_measured(source, words, own):
    entry = {"f1": 0.95, "ci": [0.89, 0.99], "n": 41, "source": source}
    found = evidence_card("seek_collaboration", STUDY, reliability=entry).reliability
    assert found.words.endswith(words) and found.own_lines == own
