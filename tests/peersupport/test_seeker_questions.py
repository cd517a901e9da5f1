"""What a message asks for is read from its words where the techniques do not say it."""

from __future__ import annotations

import pytest

from peersupport.seeker import questions
from tests.peersupport.conduct_lines import LET_PASS, WARM

CASES = [
    (
        questions.asks_permission,
        ["Would it be okay if I shared a thought?", "Can I suggest something?", "Mind if I ask?"],
        ["What would you like to hear from her?", "Can you tell me more?"],
    ),
    (
        questions.asks_step,
        ["What would be a small next step?", "What could you do tonight?", "What would feel doable?"],
        ["What happened next?", "What do you do for work?"],
    ),
    (
        questions.asks_fact,
        [
            "How old are you?",
            "So where do you live?",
            "That's a lot. Who else knows?",
            "What's your son's name?",
            "What do your parents do?",
            "What time do you get up?",
        ],
        [
            "What is your day like?",
            "How do you feel when she rings?",
            "When you say that, what do you mean?",
            "You know where it hurts.",
            "What does your mum do when he lies?",
        ],
    ),
    (
        questions.suggests,
        ["Have you tried yoga?", "Why don't you ring her?", "Have you thought about a care home?"],
        ["Have you thought about what you need?", "Have you tried anything?", "Why do you ask?"],
    ),
    (
        questions.sounds_like_advice,
        ["You should get out more.", "Ok, just talk to him", "Try an app to meet people."],
        ["You sound tired.", "It must be hard to talk to him."],
    ),
    (
        questions.sounds_like_reflection,
        ["You miss him.", "That must be hard.", "So you're carrying this on your own"],
        ["You have to move on.", "You should rest.", "Many people feel that."],
    ),
    (
        questions.dismisses,
        [
            "You're overthinking.",
            "You are being so stubborn",
            "Don't be silly.",
            "Well, it can't be that bad.",
            "Oh come on, smile more",
        ],
        [
            "You worry that you're overreacting.",
            "Don't worry, take your time.",
            "You tell yourself other people have it worse.",
            "Other people have it worse.",  # the rules of conduct find that
        ],
    ),
    (questions.asks_if_safe, ["Are you safe right now?"], ["Are you thinking of suicide?"]),
    (
        questions.says_goodbye,
        ["bye Gareth", "I have to go now", "It was good to meet you, Maureen", "good night then"],
        ["You never got to say goodbye.", "It was good to see him."],
    ),
    (questions.says_hello, ["Hi Deb", "good evening, Tomek"], ["This is hard.", "hidden away"]),
    (
        questions.leaves_doing,
        ["It's your decision what you do now."],
        ["It's up to you how much you say."],
    ),
]


@pytest.mark.parametrize(
    ("reads", "text", "expected"),
    [(reads, text, True) for reads, yes, _ in CASES for text in yes]
    + [(reads, text, False) for reads, _, no in CASES for text in no],
)
def test_reading_a_message(reads, text, expected):
    assert reads(text) is expected


@pytest.mark.parametrize("text", [*LET_PASS, *(text for texts in WARM.values() for text in texts)])
def test_what_the_rules_of_conduct_let_pass_waves_nothing_aside(text):
    assert not questions.dismisses(text)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("That sounds hard. How long has it been going on?", "How long has it been going on?"),
        ("Did you sleep? Do you eat?", "Do you eat?"),
        ("You kept going.", ""),
        ("", ""),
    ],
)
def test_the_question_in_a_message(text, question):
    assert questions.question_in(text) == question
