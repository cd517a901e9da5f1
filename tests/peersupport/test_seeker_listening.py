"""Whole chats, the same words to everybody: a listener gets further than an adviser, and nods are noticed."""

from __future__ import annotations

import pytest

from peersupport.seeker import advance, hear, initial_state
from tests.peersupport.playing import SCENARIOS, play

LISTENER = [
    ("Hello, I'm glad you wrote. What would you like to talk about?", {"introduction_greeting"}),
    ("That sounds like a lot to carry.", {"reflection_simple"}),
    ("What has that been like for you?", {"open_question"}),
    ("You keep going on the outside, and inside it is a different story.", {"reflection_complex"}),
    ("It takes courage to say that. I'm here and I'm listening.", {"affirm", "support"}),
    ("What is the hardest part of it?", {"open_question"}),
    ("So part of you wants somebody to see it, and part of you is afraid of that.", {"reflection_complex"}),
    ("We can go at your pace. You decide what you tell me.", {"emphasize_autonomy"}),
    ("What goes through your mind when it is like that?", {"open_question"}),
    ("You have been very alone with this.", {"reflection_complex"}),
    ("I can hear how much this matters to you.", {"support"}),
    ("What would you need from somebody?", {"open_question"}),
]
ADVISER = [
    ("Hello. Let's see what you can do about it.", {"introduction_greeting"}),
    ("You should talk to your family about it.", {"advise_without_permission"}),
    ("Have you seen a doctor?", {"closed_question"}),
    ("Try to get more sleep and some exercise.", {"advise_without_permission"}),
    ("You need to stop thinking about it so much.", {"direct"}),
    ("Do you have friends?", {"closed_question"}),
    ("Just make a list and work through it.", {"advise_without_permission"}),
    ("If you go on like this it will only get worse.", {"warn"}),
    ("Join a group, there are plenty of them.", {"advise_without_permission"}),
    ("Are you eating properly?", {"closed_question"}),
    ("I'm sure it will pass, keep busy.", {"advise_without_permission"}),
    ("Promise me you will ring somebody tomorrow.", {"direct"}),
]
MIXED = [
    *LISTENER,
    ("ok", set()),
    ("How old are you?", {"closed_question"}),
    ("Who knows about this?", {"closed_question"}),
    ("Would it be okay if I shared a thought?", {"seek_collaboration"}),
    ("Many people in your place feel that way.", {"give_information"}),
    *ADVISER[1:5],
    ("...", set()),
    ("I have been through that myself.", {"self_disclosure"}),
    ("Are you having thoughts of suicide?", {"closed_question"}),
    ("Thank you for telling me.", {"support"}),
    ("Do you think it will get better?", {"closed_question"}),
]


@pytest.mark.parametrize("slug", SCENARIOS)
def test_a_listener_ends_with_a_more_open_person_than_an_adviser(slug):
    start = initial_state(SCENARIOS[slug])
    listened, advised = play(slug, LISTENER)[-1][1], play(slug, ADVISER)[-1][1]
    assert listened.openness > start.openness > advised.openness
    assert listened.openness - advised.openness > 0.25
    assert listened.trust > start.trust > advised.trust
    assert listened.resistance < advised.resistance
    assert listened.layer >= 2
    assert advised.layer == 0


@pytest.mark.parametrize("slug", SCENARIOS)
@pytest.mark.parametrize("seed", [1, 2, 77])
def test_forty_turns_of_everything_repeat_nothing_and_nobody_leaves(slug, seed):
    messages = [MIXED[turn % len(MIXED)] for turn in range(40)]
    replies = [reply for reply, _ in play(slug, messages, seed=seed)]
    assert "left" not in {reply.kind for reply in replies}
    assert len({reply.line_id for reply in replies}) == 40
    assert len({reply.text.casefold() for reply in replies}) == 40


@pytest.mark.parametrize("slug", SCENARIOS)
def test_listening_is_answered_with_this_persons_own_words(slug):
    shared = {line.id for line in SCENARIOS[slug].lines if line.shared}
    replies = [reply for reply, _ in play(slug, LISTENER)]
    assert len([reply for reply in replies if reply.line_id in shared]) <= 2


@pytest.mark.parametrize("slug", SCENARIOS)
@pytest.mark.parametrize("text", ["...", "", "ok"])
@pytest.mark.parametrize("before", [0, 6], ids=["at the start", "after listening"])
def test_silence_and_single_words_are_noticed_within_two_turns(slug, text, before):
    replies = play(slug, [*LISTENER[:before], (text, set()), (text, set())])[before:]
    assert {"silence", "minimal"} & {reply.kind for reply, _ in replies}
    scenario = SCENARIOS[slug]
    assert {"silence_noticed", "short_noticed"} & set(
        advance(initial_state(scenario), hear(text), scenario)[1]
    )


@pytest.mark.parametrize("slug", [slug for slug, scenario in SCENARIOS.items() if scenario.risk])
@pytest.mark.parametrize("before", [0, 3, 8])
@pytest.mark.parametrize(
    "text",
    ["Are you thinking about suicide?", "Are you hurting yourself?", "Have you been cutting yourself?"],
)
def test_at_risk_a_straight_question_gets_a_straight_answer_at_any_time(slug, before, text):
    replies = play(slug, [*LISTENER[:before], *[(text, {"closed_question"})] * 4])[before:]
    assert [reply.kind for reply, _ in replies] == ["safety"] * 4
