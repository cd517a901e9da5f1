"""Insults, belittling and private contact: what the written rules point at, and what they let pass."""

from __future__ import annotations

import time

import pytest

from peersupport.safety.conduct import KINDS, concerns, hurts, load_rules

POINTED_AT = {
    "insult": (
        "You're an idiot.",
        "you’re such a loser",
        "You are so pathetic.",
        "Honestly I think you are an idiot.",
        "you idiot!",
        "Are you a complete moron?",
        "ur stupid and you know it",
        "Not to be mean, but you're a coward.",
        "you stupid bitch",
        "Just shut up.",
        "fuck off",
        "I can see that. You are lazy, that is all.",
    ),
    "minimising": (
        "Other people have it much worse.",
        "At least you still have your health.",
        "Don't be so dramatic, it will be fine.",
        "I think you are overreacting a bit.",
        "Come on, at least you have a job!",
        "There are people with real problems.",
        "Just get over it.",
        "Cheer up!",
        "It could be worse.",
        "You should just snap out of it.",
        "Stop whining, everybody has bad days.",
        "It's all in your head.",
        "Oh, at least it wasn't cancer.",
        "You have no reason to feel sad.",
        "stop being so sensitive",
    ),
    "contact": (
        "Can you give me your phone number so we can meet?",
        "What's your number?",
        "Could we meet tomorrow?",
        "Add me on Instagram, ok?",
        "Here is my phone number: 0151 000",
        "Do you want to meet me in town?",
        "let's grab a coffee",
        "I'll come over tonight.",
        "you are so sexy",
        "send me your email address",
    ),
}
LET_PASS = (
    "He called me an idiot",
    "So he called you an idiot in front of everybody.",
    "You feel like you're an idiot for trusting him.",
    "Do you think you are an idiot?",
    "It sounds like you felt useless at work.",
    "You are not an idiot.",
    "You aren't lazy, you are exhausted.",
    "I don't think you're overreacting at all.",
    "Your boss said you are overreacting, and that hurt.",
    'When she says "you are pathetic", what goes through your mind?',
    "Did you freak out when the letter came?",
    "You fool yourself a little, you said.",
    "It's so hard when people say other people have it worse.",
    "They tell you to just get over it.",
    "You can't just snap out of it, and nobody should ask you to.",
    "You don't have to cheer up for me.",
    "How do you get over something like that?",
    "At least you tried, and that counts.",
    "It sounds like you want at least your sister to know.",
    "Could things get worse if you told her?",
    "At least you have taken a first step.",
    "That would make anybody cry.",
    "It's not all in your head.",
    "Do you have the number of the crisis line?",
    "The emergency number is 112.",
    "I can give you the number of a help line.",
    "Would you like to meet new people?",
    "Where would you meet your friends before?",
    "We can't meet outside this chat, I'm sorry.",
    "I can't give you my number, but I am here now.",
    "Would a coffee with your sister help?",
    "If you are lazy on a Sunday, what do you do?",
    "You seem so tired and weak today.",
    "What is the hardest part of the day?",
    "Are you thinking of killing yourself?",
    "It must be hard to hear that you are ungrateful.",
    "You must be so disappointed.",
    "I hear how sensitive this is for you.",
    "You have every reason to be sad.",
    "Thank you for telling me. You are brave.",
)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in KINDS for text in POINTED_AT[kind]])
def test_what_is_pointed_at(kind, text):
    found = concerns(text)
    assert [concern.kind for concern in found] == [kind]
    assert found[0].note == load_rules().notes[kind]
    assert hurts(text) == (kind != "contact")


@pytest.mark.parametrize("text", LET_PASS)
def test_what_is_let_pass(text):
    assert concerns(text) == ()


def test_every_rule_finds_something():
    found = {concern.rule for texts in POINTED_AT.values() for text in texts for concern in concerns(text)}
    assert found == {rule.id for rule in load_rules().rules}


def test_a_message_of_two_kinds_carries_both_and_a_long_one_takes_no_time():
    both = concerns("You're an idiot. What's your number?")
    assert [concern.kind for concern in both] == ["insult", "contact"]
    began = time.perf_counter()
    concerns("you are so so so such a really just " * 110)
    assert time.perf_counter() - began < 1
