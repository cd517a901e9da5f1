"""Pairs of the grammar: what a dial is read from never meets what it is scored on."""

from __future__ import annotations

import pytest

from feedback.coach.corpus import library
from feedback.coach.mini.measures import invented
from feedback.coach.mini.own_pairs import AGAINST, FIT, HELD_OUT, own_behaviour
from feedback.coach.mini.prompting import target
from feedback.coach.steering.errors import SteeringError
from feedback.dials.views import OWN_LANGUAGE


@pytest.mark.parametrize("name", AGAINST)
def test_pairs_of_one_message_and_two_replies_about_it(name):
    behaviour = own_behaviour(name)
    assert (len(behaviour.fit), len(behaviour.held_out)) == (FIT, HELD_OUT)
    for pair in (*behaviour.fit, *behaviour.held_out):
        assert pair.positive != pair.negative
        assert not invented(pair.positive, pair.prompt)
        assert not invented(pair.negative, pair.prompt)
        assert "<|" in target(pair.positive, pair.prompt) + target(pair.negative, pair.prompt)


@pytest.mark.parametrize("name", AGAINST)
def test_held_out_pairs_share_no_opening_and_no_frame_with_those_to_fit(name):
    behaviour = own_behaviour(name)
    shapes = {line.split("<")[0] for r in library.registers() for line in r.parts["event"] if line[0] != "<"}
    assert not any(pair.prompt.startswith(shape) for pair in behaviour.held_out for shape in shapes)
    for technique in AGAINST[name]:
        frames = library.replies(technique)
        assert set(frames[0::2]).isdisjoint(frames[1::2])
    assert {pair.prompt for pair in behaviour.fit}.isdisjoint(pair.prompt for pair in behaviour.held_out)


def test_a_report_says_that_openness_is_not_the_seekers_here():
    about = own_behaviour("openness").about
    assert "both said by a counselor, none by a seeker who opens up" in about
    assert all(own_behaviour(name).about.endswith(OWN_LANGUAGE) for name in AGAINST)


def test_warmth_never_goes_down():
    assert own_behaviour("warmth").lowest == 0.0


def test_the_same_pairs_every_time_and_a_word_for_another_name():
    again = own_behaviour.__wrapped__("autonomy")
    assert again == own_behaviour("autonomy")
    with pytest.raises(SteeringError, match="there are autonomy"):
        own_behaviour("brevity")
