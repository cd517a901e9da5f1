"""The seeker's lines: the same under the same seed, none twice in a chat, and fitting the moment."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peersupport.seeker.effects import EFFECTS
from tests.peersupport.playing import SCENARIOS, play

PLAIN = [
    ("What has this week been like for you?", {"open_question"}),
    ("It sounds lonely to carry that by yourself.", {"reflection_complex"}),
    ("You kept going all the same.", {"affirm"}),
    ("You should just talk to them.", {"advise_without_permission"}),
    ("Did you sleep?", {"closed_question"}),
    ("", set()),
    ("ok", set()),
]


@pytest.mark.parametrize("slug", SCENARIOS)
@pytest.mark.parametrize("kind", [*range(len(PLAIN)), "mixed"])
def test_sixty_turns_without_a_repeated_line_and_in_order_of_disclosure(slug, kind):
    messages = PLAIN * 9 if kind == "mixed" else [PLAIN[kind]] * 60
    replies = play(slug, messages)
    spoken = [reply for reply, _ in replies if reply.kind != "left"]
    assert len(spoken) >= 25
    assert len({reply.line_id for reply in spoken}) == len(spoken)
    assert len({reply.text.casefold() for reply in spoken}) == len(spoken)
    by_id = {line.id: line for line in SCENARIOS[slug].lines}
    said, told = set(), set()
    for reply, state in replies:
        if reply.kind == "left":
            continue
        line = by_id[reply.line_id]
        assert line.layer <= state.layer
        assert set(line.after) <= said
        assert not line.tells or line.tells not in told
        said.add(line.id)
        told.add(line.tells)


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(SCENARIOS)),
    st.lists(
        st.tuples(st.text(max_size=60), st.sets(st.sampled_from(sorted(EFFECTS)), max_size=3)), max_size=12
    ),
    st.integers(0, 2**31),
)
def test_any_chat_is_answered_and_the_same_seed_gives_the_same_chat(slug, messages, seed):
    first = play(slug, messages, seed=seed)
    assert [reply.text for reply, _ in first] == [reply.text for reply, _ in play(slug, messages, seed=seed)]
    assert all(reply.text.strip() for reply, _ in first)


@pytest.mark.parametrize("slug", SCENARIOS)
@pytest.mark.parametrize(
    ("text", "codes", "kinds"),
    [
        ("You should leave him and find a new flat.", {"advise_without_permission"}, {"advice", "pushback"}),
        ("That is nonsense, you never even tried.", {"confront"}, {"pushback", "quiet"}),
        ("Are you thinking about suicide?", {"closed_question"}, {"safety"}),
        ("Thank you for writing, take care, goodbye.", {"conclusion"}, {"closing"}),
        ("", set(), {"silence"}),
        ("Would it be okay if I shared something?", {"seek_collaboration"}, {"permission"}),
    ],
)
def test_the_reply_fits_the_moment(slug, text, codes, kinds):
    [(reply, _)] = play(slug, [(text, codes)])
    assert reply.kind in kinds


@pytest.mark.parametrize("slug", SCENARIOS)
def test_a_newly_opened_layer_is_spoken_of(slug):
    good = [
        ("It hurts, and nobody sees how much.", {"reflection_complex"}),
        ("What else is there?", {"open_question"}),
    ]
    replies = play(slug, good * 12)
    disclosed = [(reply.layer, state.layer) for reply, state in replies if reply.kind == "disclose"]
    assert {layer for layer, _ in disclosed} == {1, 2, 3}
