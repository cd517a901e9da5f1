"""What is a question about suicide, self-harm or safety, and what only has its words."""

from __future__ import annotations

import pytest

from peersupport.seeker import (
    advance,
    asks_about_safety,
    choose_reply,
    hear,
    initial_state,
    lexical_rank,
    names_harm,
)
from tests.peersupport import safety_question_lines as more
from tests.peersupport import safety_question_near as near
from tests.peersupport.playing import SCENARIOS

ASKED = (
    "Do you sometimes wish you weren't here?",
    "Do you want to be dead?",
    "Have you thought about ending things?",
    "Are you planning to do something to yourself?",
    "Are you thinking of killing yourself?",
    "are you thinking about suicide",
    "Have you been cutting yourself?",
    "I want to ask you directly whether you think about ending your life.",
    "I'm wondering whether you have thoughts of suicide.",
    "May I ask about suicide?",
    "You said you want to die. Is that right?",
    "Do you feel safe tonight?",
    "Can you keep yourself safe until morning?",
    "Do you ever not want to wake up?",
    "Do you feel like dying?",
    "Would you rather be dead?",
    "Have you taken anything tonight?",
    "Do you want to disappear?",
    "Is suicide something you think about?",
    "Do you still want to live?",
    "Are there times when you don’t want to be alive?",
    "Tell me honestly: are you going to hurt yourself?",
    "Do you think they'd be better off without you?",
    "so do you think about death?",
    "What stops you from ending your life?",
    "I need to know if you are safe.",
    "Is life still worth living?",
    "Do you wish you'd never been born?",
    "Are you hurting yourself?",
)
NOT_ASKED = (
    "Just kill yourself then.",
    "Go and kill yourself.",
    "You should just end your life.",
    "The world would be better off without you.",
    "Killing yourself is selfish.",
    "Why don't you just kill yourself?",
    "You will only hurt yourself by working so much.",
    "Don't kill yourself over an exam.",
    "You said you want to die.",
    "It sounds like you don't want to be here any more.",
    "I hear that you hurt yourself when it gets loud.",
    "Did you end it with him?",
    "How was your day?",
    "Do you want to live with your sister?",
    "Did you hurt yourself when you fell?",
    "Do you feel safe enough to tell me more?",
    "How did his suicide change your family?",
    "Do you wish you were here with her?",
    "Why do you kill yourself over this job?",
    "Thank you for telling me that you think of suicide.",
    "Here is the suicide hotline, would you call them?",
    "Do you have a plan?",
    "What do you want to do about work?",
    "Have you taken any time off?",
    "Would you end things there for today?",
)
PLANS = (
    "Do you have a plan?",
    "Have you made a plan?",
    "How would you do it?",
    "Have you thought about how you would do it?",
    "Do you have the means at home?",
)
OTHER_PLANS = (
    "Do you have a plan for the weekend?",
    "What is your plan B?",
    "Is there a plan to move?",
    "Have you got a plan for your exams?",
)
TOLD_TO_DIE = (
    "Just kill yourself then.",
    "You should just end your life.",
    "The world would be better off without you.",
    "Why don't you just kill yourself?",
    "Would you please kill yourself, yes?",
)


def test_a_question_about_safety_is_heard():
    assert [text for text in (*ASKED, *more.ASKED, *near.ASKED) if not asks_about_safety(text)] == []


def test_its_words_alone_ask_nothing():
    texts = (*NOT_ASKED, *PLANS, *more.NOT_ASKED, *near.ORDINARY, *near.AFTER_A_SIGN)
    assert [text for text in texts if asks_about_safety(text)] == []


def test_a_plan_the_means_and_violence_are_asked_for_once_there_is_a_sign():
    asked = (*PLANS, *more.PLANS, *near.AFTER_A_SIGN)
    assert [text for text in asked if not asks_about_safety(text, after_cue=True)] == []
    others = (*OTHER_PLANS, *more.OTHER_PLANS, *near.ORDINARY)
    assert [text for text in others if asks_about_safety(text, after_cue=True)] == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("It sounds like you don't want to be here any more.", True),
        ("I hear that you hurt yourself.", True),
        ("I care about your safety.", True),
        ("You have been thinking of killing yourself by jumping.", True),
        ("You tried to hurt yourself by cutting, and nobody knows.", True),
        ("You think of killing yourself over this.", True),
        ("You are killing yourself with work.", False),
        ("You hurt yourself when you fell.", False),
        ("Don't kill yourself over an exam.", False),
        ("You will only hurt yourself by working so much.", False),
        ("I am sorry about his suicide.", False),
    ],
)
def test_what_names_the_matter(text, named):
    assert names_harm(text) is named


def reply_to(slug, text, **heard_as):
    scenario = SCENARIOS[slug]
    heard, before = hear(text, **heard_as), initial_state(scenario)
    state, reasons = advance(before, heard, scenario)
    reply = choose_reply(
        scenario,
        state,
        before=before,
        heard=heard,
        counselor_text=text,
        said=set(),
        rank=lexical_rank,
        seed=5,
    )
    return reply, reasons


@pytest.mark.parametrize("slug", ["plain-grey", "plain-lunchbox"])
@pytest.mark.parametrize("text", TOLD_TO_DIE)
def test_who_is_told_to_die_pushes_back_and_was_asked_nothing(slug, text):
    reply, reasons = reply_to(slug, text, techniques={"inappropriate"}, hurts=True)
    assert reply.kind in ("pushback", "quiet")
    assert "safety_asked" not in reasons and "inappropriate_hurt" in reasons


def test_a_plan_is_about_safety_for_somebody_at_risk_only():
    reply, reasons = reply_to("plain-grey", "Do you have a plan?", techniques={"closed_question"})
    assert reply.kind == "safety" and "safety_asked" in reasons
    reply, reasons = reply_to("plain-lunchbox", "Do you have a plan?", techniques={"closed_question"})
    assert reply.kind != "safety" and "safety_asked" not in reasons


def test_what_hurts_asks_only_in_the_words_that_are_spared():
    text = "You are overreacting. Are you thinking about killing yourself?"
    assert hear(text, hurts=True, spared="Are you thinking about killing yourself?").asks_safety
    assert not hear(text, hurts=True).asks_safety
    assert hear("Do you have a plan?", hurts=True, spared="Do you have a plan?").asks_plan
    assert not hear("Do you have a plan?", hurts=True).asks_plan
