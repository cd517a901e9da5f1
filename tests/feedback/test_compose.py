from __future__ import annotations

import re
from dataclasses import replace

import pytest

from feedback.coach.compose import MAX_POINTS, compose
from feedback.coach.wording import _DISCOURAGED, _RULES
from feedback.evidence.published import published_study
from tests.feedback.chats import counselor, seeker

STUDY = published_study()
SAD = "I feel so lonely since she left, I cry every night"


def test_strengths_with_evidence_come_first_and_name_their_message():
    turns = [
        seeker(0, SAD),
        counselor(1, "What happened between you two?", "open_question"),
        seeker(2, "she moved out"),
        counselor(3, "The flat feels empty without her.", "reflection_complex"),
    ]
    first, second = compose(turns, STUDY).strengths
    assert (first.index, first.technique, first.basis, first.grade) == (
        3,
        "reflection_complex",
        "evidence",
        "helpful",
    )
    assert "lower depression scores" in first.reason
    assert (second.index, second.basis) == (1, "guideline")


@pytest.mark.parametrize("code", ["grounding", "introduction_greeting", "conclusion", "support"])
def test_anything_good_gives_a_strength_that_claims_no_outcome(code):
    [strength] = compose([seeker(0, "hi"), counselor(1, "hi, glad you came", code)], STUDY).strengths
    assert strength.reason == "It keeps contact with the seeker; no outcome is claimed for it."


def test_warmth_is_a_strength_and_never_a_point():
    turns = [seeker(0, SAD), counselor(1, "I'm so sorry, that hurts.", empathy={"emotional_reactions": 2})]
    result = compose(turns, STUDY)
    assert result.points == ()
    assert [s.technique for s in result.strengths] == ["emotional_reactions"]
    assert "less warm" not in result.strengths[0].reason


def test_a_scolding_message_is_no_strength():
    turns = [seeker(0, "hi"), counselor(1, "You did well but stop whining", "affirm", "inappropriate")]
    assert compose(turns, STUDY).strengths == ()


HURTING = (
    ("Don't be so dramatic, it will be fine.", "support", "emotional_reactions"),
    ("I think you are overreacting a bit.", "reflection_complex", "interpretations"),
    (
        "What happened? Who was there? Why did you do that? Did you tell anyone?",
        "open_question",
        "explorations",
    ),
    ("Well done, and can you give me your phone number?", "affirm", "emotional_reactions"),
)


@pytest.mark.parametrize(("text", "code", "head"), HURTING)
def test_a_message_that_hurts_or_stacks_questions_is_praised_for_nothing(text, code, head):
    turns = [seeker(0, "It is all falling apart."), counselor(1, text, code, empathy={head: 2})]
    assert compose(turns, STUDY).strengths == ()


def test_nothing_is_praised_that_is_uncertain_or_after_which_the_seeker_drew_back():
    before, good = seeker(0, "It is all falling apart."), "It sounds like nobody sees how tired you are."
    sure = counselor(1, good, "reflection_complex", empathy={"interpretations": 2})
    assert compose([before, sure], STUDY).strengths
    assert compose([before, replace(sure, drew_back=True)], STUDY).strengths == ()
    unsure = replace(counselor(1, good, "reflection_complex").tags, unsure=["reflection_complex"])
    perhaps = replace(sure, tags=unsure)
    assert compose([before, perhaps], STUDY).strengths == ()
    assert compose([before, replace(perhaps, confirmed=frozenset(unsure.present))], STUDY).strengths


def test_at_most_two_points_and_discouraged_before_linked_to_worse():
    turns = [
        seeker(0, "my boss is on my case"),
        counselor(1, "May I suggest a break?", "persuade_with_permission"),
        seeker(2, "meh"),
        counselor(3, "You will lose the job if you go on.", "warn"),
        seeker(4, SAD),
        counselor(5, "Ok, and the weather?", "chit_chat"),
    ]
    points = compose(turns, STUDY).points
    assert [point.rule for point in points] == ["discouraged", "linked_to_worse"]
    assert [point.index for point in points] == [3, 1]
    assert [point.recommended for point in points] == ["emphasize_autonomy", "emphasize_autonomy"]
    assert points[1].about[0].grade.key == "linked_to_worse"
    assert points[1].instead.grade.key == "helpful" and points[1].instead.study == "yang2024 2024.1"


def test_one_lesson_is_told_once_with_its_other_messages():
    turns = [
        counselor(0, "You should quit.", "advise_without_permission", advise_without_permission=0.8),
        counselor(1, "You should call her.", "advise_without_permission", advise_without_permission=0.95),
        counselor(2, "Call her now.", "direct"),
    ]
    points = compose(turns, STUDY).points
    assert len(points) == 1
    assert (points[0].index, points[0].technique) == (2, "direct")


def test_an_unsure_pair_is_called_persuading_and_shows_both_notes():
    close = {"persuade_with_permission": 0.45, "advise_without_permission": 0.4}
    turns = [seeker(0, "ok"), counselor(1, "Maybe try yoga?", "persuade_with_permission", **close)]
    (point,) = compose(turns, STUDY).points
    assert point.title == "Persuading"
    assert [note.code for note in point.about] == ["persuade_with_permission", "advise_without_permission"]


def test_a_tag_that_is_less_likely_than_not_makes_no_point():
    turns = [seeker(0, "ok"), counselor(1, "Hm, really?", "confront", confront=0.4)]
    assert compose(turns, STUDY).points == ()


def test_closed_questions_in_a_row():
    turns = []
    for i in range(0, 6, 2):
        turns += [seeker(i, "yes"), counselor(i + 1, "Did you sleep?", "closed_question")]
    (point,) = compose(turns, STUDY).points
    assert (point.rule, point.index, point.recommended) == ("closed_questions", 5, "open_question")
    turns[3] = counselor(3, "You slept badly. Again?", "closed_question", "reflection_simple")
    assert compose(turns, STUDY).points == ()


def test_a_feeling_passed_over_asks_for_a_reflection_unless_the_next_message_met_it():
    turns = [seeker(0, "I feel hopeless and ashamed"), counselor(1, "Where do you live?", "closed_question")]
    (point,) = compose(turns, STUDY).points
    assert (point.rule, point.recommended) == ("feeling_passed_over", "reflection_complex")
    met = [
        turns[0],
        counselor(1, "That shame sits deep.", "reflection_complex"),
        counselor(2, "Where?", "other"),
    ]
    assert compose(met, STUDY).points == ()


def test_an_effort_is_worth_a_word():
    turns = [seeker(0, "I finally called my brother today"), counselor(1, "And then?", "open_question")]
    (point,) = compose(turns, STUDY).points
    assert (point.rule, point.recommended) == ("effort_unnoticed", "affirm")


def test_a_risk_cue_overrides_all_skill_points():
    turns = [
        seeker(0, "I don't want to wake up anymore", risk="passive"),
        counselor(1, "You should go for a run.", "advise_without_permission"),
    ]
    result = compose(turns, STUDY)
    assert [point.rule for point in result.points] == ["crisis_refer", "crisis_notice"]
    assert len(result.points) == MAX_POINTS
    assert all(point.recommended is None and point.technique is None for point in result.points)
    assert result.crisis.level == "passive" and result.crisis.cues == ((0, "passive"),)


def test_a_question_that_brought_the_sign_out_was_asked():
    turns = [
        seeker(0, "always cold, me"),
        counselor(1, "Are you hurting yourself, or thinking of suicide?", "closed_question"),
        seeker(2, "sometimes i hurt myself. since february", risk="explicit"),
        counselor(3, "Thank you for telling me.", "support"),
    ]
    seen = {item.key: (item.status, item.index) for item in compose(turns, STUDY).crisis.items}
    assert (seen["ask"], seen["refer"][0]) == (("seen", 1), "not_seen")
    far = [*turns[:2], seeker(2, "no, why?"), counselor(3, "How was work?", "open_question")]
    far += [seeker(4, "i hurt myself", risk="explicit"), counselor(5, "Oh.", "grounding")]
    assert compose(far, STUDY).crisis.not_seen("ask")


@pytest.mark.parametrize(
    ("text", "notice", "ask"),
    [
        ("Do you sometimes wish you weren't here?", "seen", "seen"),
        ("Do you have a plan?", "not_seen", "seen"),
        ("I want to ask whether you are thinking of suicide.", "seen", "seen"),
        ("Why don't you just kill yourself?", "not_seen", "not_seen"),
        ("Killing yourself is selfish, don't you think?", "not_seen", "not_seen"),
        ("Don't kill yourself over an exam.", "not_seen", "not_seen"),
        ("I hear that you want to die.", "seen", "not_seen"),
    ],
)
def test_noticing_and_asking_are_read_as_the_seeker_hears_them(text, notice, ask):
    turns = [seeker(0, "I want to die", risk="explicit"), counselor(1, text)]
    seen = {item.key: item.status for item in compose(turns, STUDY).crisis.items}
    assert (seen["notice"], seen["ask"]) == (notice, ask)


def test_referring_is_asked_for_beside_the_answer_to_the_plainest_sign():
    turns = [
        seeker(0, "how do you stop being such a wuss haha"),
        counselor(1, "Hi Elin, good that you write.", "introduction_greeting"),
        seeker(2, "sometimes i'd rather not be here", risk="passive"),
        counselor(3, "What is the hardest part?", "open_question"),
        seeker(4, "i hurt myself sometimes", risk="explicit"),
        counselor(5, "And how was work?", "open_question"),
    ]
    result = compose(turns, STUDY)
    assert [(point.rule, point.index) for point in result.points] == [
        ("crisis_refer", 5),
        ("crisis_notice", 3),
    ]
    assert [point.index for point in compose(turns[:5], STUDY).points] == [3, 3]  # it ended on the disclosure


def test_a_good_answer_to_a_risk_cue_leaves_no_point():
    turns = [
        seeker(0, "I want to die", risk="explicit"),
        counselor(1, "Thank you for telling me. Are you thinking of suicide?", "support"),
        counselor(2, "Please call the crisis line, they are trained for this.", "give_information"),
        counselor(3, "Thank you for your trust, take care.", "conclusion"),
    ]
    result = compose(turns, STUDY)
    assert result.points == ()
    seen = {item.key: (item.status, item.index) for item in result.crisis.items}
    assert seen == {"notice": ("seen", 1), "ask": ("seen", 1), "refer": ("seen", 2), "close": ("seen", 3)}


def test_noticing_without_a_question_leaves_the_question_open():
    turns = [
        seeker(0, "I want to die", risk="explicit"),
        counselor(1, "I'm so sorry it hurts this much. Please contact the crisis line.", "support"),
    ]
    assert [point.rule for point in compose(turns, STUDY).points] == ["crisis_ask"]


def test_words_before_the_cue_do_not_count_as_an_answer():
    turns = [
        counselor(0, "If needed, call the crisis line. Take care, bye."),
        seeker(1, "I want to die", risk="explicit"),
    ]
    crisis = compose(turns, STUDY).crisis
    assert not crisis.answered and all(item.status == "not_seen" for item in crisis.items)


def test_steps_that_no_rule_can_read_are_said_to_be_unchecked():
    turns = [seeker(0, "I want to die", risk="explicit"), counselor(1, "Oh.")]
    items = compose(turns, STUDY, policy="assess_and_refer").crisis.items
    assert {item.key: item.status for item in items}["safety"] == "not_checked"
    with pytest.raises(ValueError, match="policy"):
        compose(turns, STUDY, policy="ignore")


@pytest.mark.parametrize(
    ("text", "referred"),
    [
        ("Please call 988, they are there day and night.", True),
        ("You could talk to a trained counsellor tonight.", True),
        ("Here is the number of the Samaritans.", True),
        ("My doctor once said the same to me.", False),
        ("I called in sick on 9.11. too.", False),
    ],
)
def test_what_counts_as_a_referral(text, referred):
    turns = [seeker(0, "I want to die", risk="explicit"), counselor(1, text)]
    item = next(item for item in compose(turns, STUDY).crisis.items if item.key == "refer")
    assert (item.status == "seen") is referred


def test_untagged_messages_are_passed_over_and_order_does_not_matter():
    turns = [seeker(0, SAD), counselor(1, "Go out more!", "direct"), counselor(2, "x", "affirm")]
    assert compose(turns, STUDY) == compose(turns[::-1], STUDY)
    assert compose([seeker(0, SAD)], STUDY).points == ()


def test_the_words_of_every_point_are_tentative_have_a_goal_and_blame_nobody():
    for wording in (*_RULES.values(), *_DISCOURAGED.values()):
        assert wording.goal.startswith("The goal is to")
        assert re.search(r"\b(might|could|can|may)\b", wording.reason)
        assert not re.search(r"\b(wrong|mistake|failed|bad|should have|fault|you)\b", wording.reason, re.I)
        assert not re.search(r"less (warm|warmth|empath)", wording.reason)
        assert not re.search(r"\b(because|goes with|go with|tends to|easier)\b", wording.reason)


def test_a_feeling_that_the_counselor_names_is_not_called_passed_over():
    said = [seeker(0, "I feel lonely and I cry"), counselor(1, "That sounds really lonely.", "other")]
    assert compose(said, STUDY).points == ()


def test_a_point_claims_no_size_for_an_own_study():
    turns = [
        seeker(0, "my boss is on my case"),
        counselor(1, "May I suggest a break?", "persuade_with_permission"),
    ]
    shipped, own = (compose(turns, study).points[0].reason for study in (STUDY, replace(STUDY, kind="own")))
    assert "is associated with slightly worse symptom scores" in shipped
    assert "is associated with worse symptom scores" in own
