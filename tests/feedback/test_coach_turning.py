"""Replies with and without a dial, compared message by message."""

from __future__ import annotations

import pytest

from feedback.coach.corpus.heldout import frozen
from feedback.coach.mini import turning
from feedback.coach.mini.evaluation import Judges
from feedback.reports import points
from skills.tagger import TagResult


def test_a_paired_difference_counts_what_changed():
    found = turning.paired([True, True, False, False], [True, False, True, True])
    assert (found["n"], found["gained"], found["lost"]) == (4, 2, 1)
    assert (found["before"], found["after"], found["difference"]) == (0.5, 0.75, 0.25)
    low, high = found["ci"]
    assert low < 0.25 < high


def test_the_interval_is_bonett_and_prices():
    # 12 gained and 4 lost of 100: (13 - 5) / 102, and its half-width by their formula.
    before, after = [False] * 12 + [True] * 4 + [True] * 84, [True] * 12 + [False] * 4 + [True] * 84
    found = turning.paired(before, after)
    assert found["difference"] == 0.08 and found["ci"] == [-0.0017, 0.1585]
    assert turning.paired([True] * 50, [True] * 50)["ci"] == [-0.0533, 0.0533]  # never without a width


def test_nothing_and_unequal_lengths_are_no_comparison():
    with pytest.raises(ValueError, match="nothing"):
        turning.paired([], [])
    with pytest.raises(ValueError, match="argument 2 is longer"):
        turning.paired([True], [True, False])


def test_the_three_wordings_are_those_of_a_report():
    assert turning.REPORT == points.TURNS and len(turning.REPORT) == points.DRAFTS


def test_both_sides_ask_with_the_same_seeds_and_one_dial():
    asked = []
    good = "You kept trying, and that took care."

    def reword(requests):
        asked.append(requests)
        return [good if request.wishes else "" for request in requests]

    questions = [one for one in frozen() if one.technique == "affirm"][:4]
    tags = Judges(retag=lambda inputs: [TagResult({}, ["affirm"], {}, {}) for _ in inputs])
    found = turning.compare(questions, reword, tags, "warmth", [0.5, 1.0])
    assert set(found["first"]) == {"0.5", "1"}
    half = found["first"]["0.5"]
    assert (half["accepted"]["before"], half["accepted"]["after"], half["changed"]) == (0.0, 1.0, 1.0)
    assert set(half["by_technique"]) == {"affirm"} and half["by_technique"]["affirm"]["gained"] == 4
    assert (found["of_three"]["before"], found["of_three"]["after"]) == (0.0, 1.0)
    seeds = [[request.seed for request in requests] for requests in asked]
    assert seeds[0] == seeds[1] == seeds[2] and len({tuple(one) for one in seeds}) == 3
    assert [requests[0].wishes for requests in asked] == [
        {}, {"warmth": 0.5}, {"warmth": 1.0}, {}, {}, {}, {"warmth": 0.5}, {"warmth": 1.0}, {},
    ]  # fmt: skip


def test_what_shows_a_behaviour_is_that_of_its_dial():
    questions = [one for one in frozen() if one.technique == "affirm"][:4]

    def reword(requests):
        return ["It is up to you." if request.wishes else "You kept trying." for request in requests]

    def retag(inputs):
        codes = {"It is up to you.": ["emphasize_autonomy"], "You kept trying.": ["affirm"]}
        return [TagResult({}, codes[one.text], {}, {}) for one in inputs]

    def shown(dial):
        found = turning.compare(questions, reword, Judges(retag=retag), dial, [1.0])
        return found["first"]["1"]["shown"]["before"], found["first"]["1"]["shown"]["after"]

    assert shown("autonomy") == (0.0, 1.0)
    assert shown("warmth") == (1.0, 0.0)
    assert shown("brevity") == (0.0, 0.0)
