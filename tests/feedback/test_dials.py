"""Dials beside a model: turned per request, refused where they belong to another model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feedback.coach import dials
from feedback.coach.engine import Coach, CoachConfig, EngineError
from feedback.coach.rewording import RewordRequest
from tests.feedback.tiny_model import save_tiny_model

REQUEST = RewordRequest("work has been hard", "what would help", "reflection_simple", "so it weighs", seed=5)


def coach_with(folder, *, stops=(0.0, 40.0), other=False):
    from feedback.coach.engine import load_model
    from tests.feedback.steering_models import vector

    config = CoachConfig(model=str(folder), dtype="float32", device="cpu", max_new_tokens=12)
    model, _ = load_model(config)
    found = vector(model, dial={"r_min": stops[0], "r_max": stops[1]})
    if other:
        found = replace(found, fingerprint="0" * 64)
    (folder / dials.FOLDER).mkdir()
    found.save(folder / dials.FOLDER / "reflection.safetensors")
    return Coach(config)


def test_a_request_turns_the_dial_of_its_technique_and_no_other(tmp_path):
    plain = Coach(CoachConfig(model=str(save_tiny_model(tmp_path)), dtype="float32", max_new_tokens=12))
    asked = [REQUEST, replace(REQUEST, technique="affirm"), replace(REQUEST, technique="reflection_complex")]
    before = plain.reword(asked)
    coach = coach_with(tmp_path)
    assert coach.reword(asked) == before  # nobody turned it
    turned = coach.reword([replace(one, turn=1.0) for one in asked])
    assert turned[1] == before[1]
    assert turned[0] != before[0] and turned[2] != before[2]
    assert coach.reword([asked[0], replace(asked[2], turn=1.0)]) == [before[0], turned[2]]
    assert coach.reword(asked) == before


def test_a_turn_is_a_share_of_the_way_to_the_end_stop(tmp_path):
    save_tiny_model(tmp_path)
    coach = coach_with(tmp_path)
    coach.warm_up()
    for turn, strength in ((0.5, 20.0), (1.0, 40.0), (7.0, 40.0)):
        assert dials.strengths(coach._dials, replace(REQUEST, turn=turn)) == {"reflection": strength}
    assert dials.strengths(coach._dials, REQUEST) == {}


def test_a_dial_of_another_model_is_refused_in_words(tmp_path):
    save_tiny_model(tmp_path)
    with pytest.raises(EngineError, match=r"another model or revision.*calibrate it again"):
        coach_with(tmp_path, other=True).reword([REQUEST])


def test_a_dial_that_may_not_be_turned_is_left_out(tmp_path):
    save_tiny_model(tmp_path)
    coach = coach_with(tmp_path, stops=(0.0, 0.0))
    coach.warm_up()
    assert coach._dials is None


def test_the_shipped_model_answers_a_real_message_with_its_own_words(settings):
    from feedback.coach.engine import SHIPPED, get_coach

    settings.COACH_MODEL, settings.COACH_DEVICE = "coach-mini", "cpu"
    coach = get_coach()
    assert coach.name == SHIPPED.name
    seeker = "My landlord wants to sell the greenhouse, and I can't sleep."
    asked = [RewordRequest(seeker, "Cheer up.", "reflection_simple", "", seed) for seed in range(8)]
    replies = coach.reword(asked)
    assert replies == coach.reword(asked)
    assert sum("landlord" in reply.lower() or "greenhouse" in reply.lower() for reply in replies) >= 4
    assert not any("<|" in reply for reply in replies)
