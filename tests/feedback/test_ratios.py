from __future__ import annotations

import json

import pytest

from feedback.coach.turns import Turn
from feedback.intervals import wilson
from feedback.reports.ratios import MIN_MESSAGES, count, ratios
from tests.feedback.chats import counselor, seeker


def chat(*messages):
    return [counselor(i, "text", *codes) for i, codes in enumerate(messages)]


def test_ratio_counts_messages_not_sentences():
    turns = chat(
        ("reflection_simple", "reflection_complex", "open_question"), ("closed_question", "open_question")
    )
    counts = count(turns)
    assert (counts.reflections, counts.complex_reflections, counts.questions, counts.open_questions) == (
        1,
        1,
        2,
        2,
    )


def test_zero_questions_leave_the_ratio_undefined():
    result = ratios(chat(*[("reflection_simple",)] * 12))["reflections_to_questions"]
    assert result["value"] is None and result["mark"] is None
    assert result["text"] == "Undefined: 12 reflections and no questions."


@pytest.mark.parametrize(
    ("reflections", "questions", "mark"),
    [(12, 6, "good"), (11, 6, "fair"), (6, 6, "fair"), (5, 6, "below_fair"), (0, 12, "below_fair")],
)
def test_miti_marks_of_the_ratio(reflections, questions, mark):
    turns = chat(*[("reflection_simple",)] * reflections, *[("closed_question",)] * questions)
    assert ratios(turns)["reflections_to_questions"]["mark"] == mark


@pytest.mark.parametrize(
    ("complex_", "simple", "mark"),
    [
        (5, 5, "good"),
        (4, 6, "fair"),
        (3, 7, "below_fair"),
        (2, 2, "not_enough_data"),
        (3, 2, "good"),  # five are enough
    ],
)
def test_miti_marks_of_complex_reflections(complex_, simple, mark):
    filler = [("support",)] * MIN_MESSAGES
    turns = chat(*[("reflection_complex",)] * complex_, *[("reflection_simple",)] * simple, *filler)
    assert ratios(turns)["complex_reflections"]["mark"] == mark


def test_words_agree_with_their_numbers():
    one = ratios(chat(("reflection_simple",), ("open_question",)))["reflections_to_questions"]
    assert one["text"] == "1.0 to 1 (1 message with a reflection, 1 with a question)."
    two = ratios(chat(*[("reflection_simple",)] * 2, ("open_question",)))["reflections_to_questions"]
    assert two["text"] == "2.0 to 1 (2 messages with a reflection, 1 with a question)."
    lonely = ratios(chat(("reflection_simple",)))
    assert lonely["reflections_to_questions"]["text"] == "Undefined: 1 reflection and no questions."
    assert lonely["note"].startswith("Not enough data for marks: 1 tagged message of the counselor, ")
    assert ratios(chat(("affirm",), ("warn",)))["mi_adherent"]["text"].startswith("1 in 2 messages;")
    assert ratios(chat(("affirm",)))["mi_non_adherent"]["text"].startswith("0 in 1 message;")


def test_each_figure_carries_its_marks_and_numbers():
    turns = chat(*[("reflection_complex", "open_question")] * 3, *[("closed_question",)] * 9)
    result = ratios(turns)
    assert result["reflections_to_questions"]["marks"] == {"fair": 1.0, "good": 2.0}
    assert result["complex_reflections"]["marks"] == {"fair": 0.4, "good": 0.5}
    assert (result["open_questions"]["value"], result["open_questions"]["count"]) == (0.25, 3)
    assert result["open_questions"]["n"] == 12
    assert result["open_questions"]["text"].startswith("25% (3 of 12) of the messages")
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_a_short_chat_says_n_and_gets_no_mark():
    result = ratios(chat(("reflection_complex",), ("open_question",)))
    assert result["n_messages"] == 2 and not result["enough"]
    assert "2 tagged messages" in result["note"] and str(MIN_MESSAGES) in result["note"]
    assert result["reflections_to_questions"]["mark"] == "not_enough_data"
    assert result["complex_reflections"]["mark"] == "not_enough_data"


def test_counts_of_adherence_have_no_mark_and_persuading_with_permission_is_neither():
    turns = chat(("affirm", "emphasize_autonomy"), ("persuade_with_permission",), ("warn",), ("support",))
    result = ratios(turns)
    assert result["mi_adherent"]["count"] == 2 and result["mi_non_adherent"]["count"] == 1
    assert result["mi_adherent"]["per_code"] == {"affirm": 1, "emphasize_autonomy": 1}
    assert "mark" not in result["mi_adherent"]
    assert result["open_questions"]["mark"] is None


def test_mix_has_share_and_interval_of_each_technique():
    mix = ratios(chat(("affirm",), ("affirm",), ("support",), ()))["mix"]
    assert [row["code"] for row in mix] == ["affirm", "support"]
    assert (mix[0]["share"], mix[0]["n"]) == (0.5, 4)
    assert mix[0]["ci"][0] < 0.5 < mix[0]["ci"][1]


def test_untagged_and_seeker_turns_are_left_out():
    turns = [seeker(0, "hi"), Turn(index=1, role="counselor", text="hello"), counselor(2, "x", "affirm")]
    assert count(turns).messages == 1


def test_an_empty_chat_is_json_able_and_divides_by_nothing():
    result = ratios([])
    assert json.loads(json.dumps(result))["mix"] == []
    assert result["complex_reflections"]["value"] is None


def test_wilson_agrees_with_published_values():
    assert wilson(0, 0) is None
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
