"""The seeker answers what was asked, keeps to the facts, and is not pleased by bad counselling."""

from __future__ import annotations

import pytest

from peersupport.seeker import SeekerState
from peersupport.seeker.effects import EFFECTS
from tests.peersupport.playing import SCENARIOS, play

CLOSED = {"closed_question"}
TRUSTING = SeekerState(openness=0.95, distress=0.4, trust=0.95, resistance=0.05, layer=3)
FACTS = [
    ("plain-dispatch", "How old are you?", "Forty-four"),
    ("plain-dispatch", "Have you told your husband?", "busy"),
    ("plain-grey", "What's your cat called?", "biscuit"),
    ("plain-grey", "When is the baby due?", "march"),
    ("guarded-carer", "How old is your wife?", "fifty"),
    ("guarded-carer", "How did you meet your wife?", "Gdynia"),
    ("guarded-resit", "Have you told your parents?", "they know i work hard"),
    ("guarded-resit", "When is the next exam?", "five weeks"),
    ("plain-chair", "How long were you married?", "Forty-one"),
    ("plain-chair", "Who is Sheila?", "next door"),
    ("pleasing-newcity", "When was your birthday?", "saturday"),
    ("pleasing-newcity", "Do you have siblings?", "just me"),
    ("rambling-weekends", "How old are your children?", "Twelve and eight"),
    ("rambling-weekends", "Is your dad still alive?", "Six years"),
    ("upset-brother", "How old is your brother?", "24"),
    ("upset-brother", "How did you find out?", "letter"),
]


@pytest.mark.parametrize(("slug", "question", "fact"), FACTS)
def test_a_question_for_a_fact_gets_it(slug, question, fact):
    [(reply, _)] = play(slug, [(question, CLOSED)])
    assert fact in reply.text


@pytest.mark.parametrize(("slug", "question", "fact"), FACTS[::2])
def test_a_plain_question_taken_for_prying_is_still_answered(slug, question, fact):
    [(reply, _)] = play(slug, [(question, {"inappropriate", "closed_question"})])
    assert fact in reply.text


@pytest.mark.parametrize("slug", SCENARIOS)
def test_a_question_nothing_answers_is_put_off(slug):
    [(reply, _)] = play(slug, [("Which zebra crossing was painted yellow?", CLOSED)])
    assert reply.kind == "dodge"


@pytest.mark.parametrize("slug", SCENARIOS)
def test_the_same_narrow_question_twice_is_remarked_on_and_an_open_one_is_not(slug):
    [(first, _), (second, _)] = play(slug, [("How old are you?", CLOSED)] * 2)
    assert (first.kind, second.kind) == ("short", "again")
    replies = play(slug, [("How are you feeling?", {"open_question"})] * 3)
    assert "again" not in {reply.kind for reply, _ in replies}
    [_, (safe, _)] = play(slug, [("Are you safe?", CLOSED)] * 2)
    assert safe.kind == "safety"


def test_what_is_kept_back_is_put_off_and_later_told():
    asked = [("What happens if you fail?", {"open_question"})]
    [(early, _)] = play("guarded-resit", asked)
    assert early.kind == "dodge"
    disclosed = [("You carry this alone.", {"reflection_complex"})] * 2
    replies = play("guarded-resit", disclosed + asked, start=TRUSTING)
    assert replies[-1][0].line_id == "if_fail"


@pytest.mark.parametrize("slug", SCENARIOS)
def test_several_questions_in_one_message_tire(slug):
    [(reply, _)] = play(slug, [("Are you angry? Are you hurt? Are you cold?", CLOSED)])
    assert reply.kind == "tired"


@pytest.mark.parametrize("slug", SCENARIOS)
def test_a_row_of_narrow_questions_tires_and_shuts(slug):
    replies = play(slug, [(f"Is it {word}?", CLOSED) for word in ("red", "blue", "green", "grey", "pink")])
    assert "tired" in {reply.kind for reply, _ in replies}
    assert replies[-1][1].resistance > SCENARIOS[slug].start["resistance"]
    assert replies[-1][1].layer == 0


def test_advice_in_the_shape_of_a_question_and_advice_the_tagger_missed():
    [(reply, _)] = play("plain-dispatch", [("Why don't you take a bath?", CLOSED)])
    assert reply.kind == "advice"
    [(reply, _)] = play("guarded-carer", [("Join a carers group.", set())])
    assert reply.line_id == "a_group"


@pytest.mark.parametrize("slug", SCENARIOS)
@pytest.mark.parametrize(
    "codes",
    [{"reflection_simple"}, {"affirm"}, {"support"}, set()],
    ids=lambda codes: "".join(codes) or "none",
)
def test_belittling_pleases_nobody_whatever_it_was_taken_for(slug, codes):
    [(reply, _)] = play(slug, [("You're being silly.", codes)])
    assert reply.kind in {"pushback", "quiet"}


@pytest.mark.parametrize("slug", SCENARIOS)
def test_goodbye_is_warm_after_listening_and_cool_after_pushing(slug):
    bye = [("bye then", {"conclusion"})]
    listened = play(slug, [("It hurts and nobody sees it.", {"reflection_complex"})] * 3 + bye)
    pushed = play(slug, [("You should just stop that at once.", {"direct"})] * 3 + bye)
    assert listened[-1][0].kind == "closing"
    assert pushed[-1][0].kind == "parting"


@pytest.mark.parametrize("slug", SCENARIOS)
def test_being_told_of_the_listeners_own_life_and_small_talk_are_told_apart(slug):
    [(mine, _)] = play(slug, [("I have been through that myself, years ago.", {"self_disclosure"})])
    assert mine.line_id == "as_you"
    [(weather, _)] = play(slug, [("Lots of rain in our street.", {"chit_chat"})])
    assert weather.kind == "aside"
    assert weather.line_id != "as_you"


@pytest.mark.parametrize("slug", SCENARIOS)
def test_someone_safe_says_yes_to_being_safe(slug):
    [(safe, _)] = play(slug, [("Are you safe?", CLOSED)])
    assert safe.kind == "short"
    [(suicidal, _)] = play(slug, [("Are you thinking of suicide?", CLOSED)])
    assert suicidal.kind == "safety"


@pytest.mark.parametrize("slug", SCENARIOS)
def test_nobody_says_unasked_how_old_they_are(slug):
    codes = [{code} for code in sorted(EFFECTS)] + [set()]
    replies = play(slug, [("I see what it is like for you.", codes[turn % len(codes)]) for turn in range(60)])
    assert "short" not in {reply.kind for reply, _ in replies}


@pytest.mark.parametrize("slug", sorted(SCENARIOS))
@pytest.mark.parametrize("nod", ["ok", "I see.", "thanks", "okay 👍"])
def test_a_nod_is_no_goodbye_whatever_was_read_into_it(slug, nod):
    [(reply, state)] = play(slug, [(nod, {"conclusion", "grounding"})])
    [(other, same)] = play(slug, [(nod, {"grounding"})])
    assert reply.kind not in {"closing", "parting", "winding"}
    assert (reply, state) == (other, same)


@pytest.mark.parametrize("goodbye", ["bye", "Take care!", "Good night.", "goodbye Deb"])
def test_a_short_goodbye_is_one(goodbye):
    [(reply, _)] = play("plain-dispatch", [(goodbye, {"conclusion"})])
    assert reply.kind in {"closing", "parting"}


def test_a_line_says_which_sign_of_risk_it_is_labelled_with():
    [(reply, _)] = play("plain-grey", [("Are you thinking of suicide?", CLOSED)])
    assert (reply.line_id, reply.sign) == ("sf_honest", "passive")
    [(reply, _)] = play("plain-grey", [("How old are you?", CLOSED)])
    assert reply.sign == ""
