"""What a tagger of anybody's says is made to fit the text and the taxonomy before it is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skills import packing, storing
from skills.models import SkillTag
from skills.tagger.types import TagResult, fit
from skills.taxonomy import CODES, EMPATHY

NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 1.0]))
PLACES = st.tuples(st.integers(-5, 60), st.integers(-5, 60))
NAMES = st.sampled_from([*CODES, "made_up", ""])
RESULTS = st.builds(
    TagResult,
    probabilities=st.dictionaries(NAMES, NUMBERS),
    present=st.lists(NAMES),
    empathy=st.dictionaries(st.sampled_from([*EMPATHY, "made_up"]), st.integers(-3, 9)),
    spans=st.dictionaries(NAMES, PLACES),
)


@given(RESULTS, st.text(max_size=50))
def test_whatever_comes_it_fits(result, text):
    found = fit(result, text)
    assert list(found.probabilities) == list(CODES)
    assert all(0 <= chance <= 1 for chance in found.probabilities.values())
    assert len(set(found.present)) == len(found.present)
    assert set(found.present) == set(result.present) & set(CODES)
    assert set(found.spans) <= set(found.present)
    assert all(0 <= start < stop <= len(text) for start, stop in found.spans.values())
    assert set(found.empathy) == set(EMPATHY)
    assert set(found.empathy.values()) <= {0, 1, 2}
    packing.pack(found.probabilities)
    assert fit(found, text) == found


def test_what_fits_stays_as_it_is():
    result = TagResult(
        dict.fromkeys(CODES, 0.25), ["affirm"], dict.fromkeys(EMPATHY, 1), {"affirm": (0, 4)}, "truncated"
    )
    assert fit(result, "Well done.") == result


def test_what_is_missing_counts_as_not_there():
    found = fit(TagResult({"affirm": 0.25, "warn": float("nan")}, [], {}, {}), "Well done.")
    assert (found.probabilities["affirm"], found.probabilities["warn"]) == (0.25, 0.0)
    assert sum(found.probabilities.values()) == 0.25
    assert set(found.empathy.values()) == {0}


def test_a_code_whose_span_does_not_fit_is_kept_over_the_whole_message(chat, say):
    message = say("Well done.")
    wild = TagResult(dict.fromkeys(CODES, 0.5), ["affirm", "made_up"], {}, {"affirm": (3, 999)})
    storing.store([(message, wild)], "wild-1")
    assert list(SkillTag.objects.values_list("code", "start", "end")) == [("affirm", 0, 10)]
