"""Dials beside a model and dials of an admin: turned per request, refused where they belong to another model,
and changed between two requests."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from feedback.coach import dial_files, dials
from feedback.coach.engine import Coach, CoachConfig, load_model
from feedback.coach.reply_prompt import RewordRequest
from tests.feedback.tiny_model import save_tiny_model

REQUEST = RewordRequest("work has been hard", "what would help", "reflection_simple", "so it weighs", seed=5)
WARMER = replace(REQUEST, technique="affirm", wishes={"warmth": 1.0})


def made(folder, name="reflection", *, stops=(0.0, 40.0), other=False, seed=1):
    """A calibrated vector for the model of a folder."""
    from tests.feedback.steering_models import vector

    model, _ = load_model(config(folder))
    found = vector(model, seed=seed, dial={"r_min": stops[0], "r_max": stops[1]})
    return replace(found, behaviour=name, fingerprint="0" * 64 if other else found.fingerprint)


def config(folder, **options):
    return CoachConfig(model=str(folder), dtype="float32", device="cpu", max_new_tokens=12, **options)


def coach_with(folder, **options):
    (folder / dial_files.FOLDER).mkdir()
    made(folder, **options).save(folder / dial_files.FOLDER / "reflection.safetensors")
    return Coach(config(folder))


def choose(home, vector, name, *, choice="one"):
    """As an admin's page does it: the vector in its place, and the choice in the file."""
    place = dial_files.place(home, vector.fingerprint) / choice
    place.mkdir(parents=True, exist_ok=True)
    vector.save(place / dial_files.VECTOR)
    dial_files.write_choices(home, {vector.fingerprint: {name: choice}})


def test_a_request_turns_the_dial_of_its_technique_and_no_other(tmp_path):
    plain = Coach(config(save_tiny_model(tmp_path)))
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
    injection = coach._dials.injection
    for turn, strength in ((0.5, 20.0), (1.0, 40.0), (7.0, 40.0)):
        assert dials.strengths(injection, replace(REQUEST, turn=turn).turns()) == {"reflection": strength}
        wished = replace(REQUEST, turn=0.1, technique="affirm", wishes={"reflection": turn, "unknown": 1.0})
        assert dials.strengths(injection, wished.turns()) == {"reflection": strength}
    assert dials.strengths(injection, REQUEST.turns()) == {} == dials.strengths(None, {"reflection": 1.0})
    assert dials.strengths(injection, replace(REQUEST, wishes={"reflection": -1.0}).turns()) == {}


def test_dials_that_are_turned_together_share_the_way(tmp_path):
    save_tiny_model(tmp_path)
    (tmp_path / dial_files.FOLDER).mkdir()
    made(tmp_path, "warmth").save(tmp_path / dial_files.FOLDER / "warmth.safetensors")
    coach = coach_with_existing(tmp_path)
    asked = replace(REQUEST, wishes={"warmth": 1.0, "reflection": 0.5})
    found = dials.strengths(coach._dials.injection, asked.turns())
    assert found == pytest.approx({"warmth": 40 / 1.5, "reflection": 20 / 1.5})


def coach_with_existing(folder):
    made(folder, seed=2).save(folder / dial_files.FOLDER / "reflection.safetensors")
    coach = Coach(config(folder))
    coach.warm_up()
    return coach


def test_a_dial_of_another_model_is_refused_in_words_and_the_model_answers_without_it(tmp_path):
    plain = Coach(config(save_tiny_model(tmp_path))).reword([REQUEST])
    coach = coach_with(tmp_path, other=True)
    assert coach.reword([replace(REQUEST, turn=1.0)]) == plain
    about = coach.about()
    assert about["dials"] == {} and len(about["fingerprint"]) == 64
    assert "another model or revision" in about["refused"]["reflection"]
    assert "calibrate it again" in about["refused"]["reflection"]


def test_a_dial_that_may_not_be_turned_is_left_out(tmp_path):
    save_tiny_model(tmp_path)
    coach = coach_with(tmp_path, stops=(0.0, 0.0))
    coach.warm_up()
    assert coach._dials.injection is None and coach.about()["refused"] == {}


def test_an_admins_choice_holds_from_the_next_request_on(tmp_path):
    folder, home = save_tiny_model(tmp_path / "model"), tmp_path / "dials"
    coach = Coach(config(folder, dials=str(home)))
    plain = coach.reword([WARMER])
    choose(home, made(folder, "warmth"), "warmth")
    first = coach.reword([WARMER])
    assert first != plain and coach.about()["dials"] == {"warmth": 40.0}
    choose(home, made(folder, "warmth", seed=9), "warmth", choice="two")
    assert coach.reword([WARMER]) not in (plain, first)
    dial_files.write_choices(home, {made(folder).fingerprint: {"warmth": ""}})
    assert coach.reword([WARMER]) == plain and coach.about()["dials"] == {}


def test_a_dial_chosen_under_the_older_mark_of_these_weights_is_refused_in_words(tmp_path, monkeypatch):
    folder, home = save_tiny_model(tmp_path / "model"), tmp_path / "dials"
    older = replace(made(folder, "warmth"), fingerprint="b" * 64)
    monkeypatch.setattr("feedback.coach.steering.blocks.older_fingerprint", lambda model: "b" * 64)
    plain = Coach(config(folder)).reword([WARMER])
    choose(home, older, "warmth")
    coach = Coach(config(folder, dials=str(home)))
    assert coach.reword([WARMER]) == plain and coach.about()["dials"] == {}
    assert "left out the end of some weights" in coach.about()["refused"]["warmth"]
    dial_files.write_choices(
        home, {older.fingerprint: {"warmth": "one"}, made(folder).fingerprint: {"warmth": ""}}
    )
    coach.reword([WARMER])
    assert coach.about()["refused"] == {}  # it was settled for the weights as they are told apart now


def test_a_shipped_dial_can_be_switched_off(tmp_path):
    folder, home = save_tiny_model(tmp_path / "model"), tmp_path / "dials"
    coach_with(folder)
    coach = Coach(config(folder, dials=str(home)))
    assert coach.about()["dials"] == {"reflection": 40.0}
    dial_files.write_choices(home, {coach.about()["fingerprint"]: {"reflection": ""}})
    coach.reword([REQUEST])
    assert coach.about()["dials"] == {}


def test_a_chosen_dial_whose_file_is_gone_or_of_another_model_is_refused(tmp_path):
    folder, home = save_tiny_model(tmp_path / "model"), tmp_path / "dials"
    mark = made(folder).fingerprint
    dial_files.write_choices(home, {mark: {"warmth": "gone"}})
    coach = Coach(config(folder, dials=str(home)))
    assert "cannot be read" in coach.about()["refused"]["warmth"]
    place = dial_files.place(home, mark) / "copied"
    place.mkdir(parents=True)
    made(folder, "warmth", other=True).save(place / dial_files.VECTOR)
    dial_files.write_choices(home, {mark: {"warmth": "copied"}})
    coach.reword([REQUEST])
    assert "another model or revision" in coach.about()["refused"]["warmth"]


def test_dials_are_changed_while_others_are_being_answered(tmp_path):
    folder, home = save_tiny_model(tmp_path / "model"), tmp_path / "dials"
    dial = made(folder, "warmth")
    choose(home, dial, "warmth")
    coach = Coach(config(folder, dials=str(home)))
    coach.warm_up()
    answers, broken = [], []

    def ask(seed):
        try:
            answers.append(coach.reword([replace(WARMER, seed=seed)] * 3))
        except Exception as error:
            broken.append(error)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(12)]
    for number, thread in enumerate(threads):
        thread.start()
        if number % 3 == 2:
            dial_files.write_choices(home, {dial.fingerprint: {"warmth": "" if number % 2 else "one"}})
    for thread in threads:
        thread.join()
    assert broken == [] and len(answers) == 12


def test_the_choices_file_is_read_whatever_lies_there(tmp_path):
    assert dial_files.choices(tmp_path, "a") == {} and dial_files.stamp(tmp_path) == (0, 0)
    dial_files.write_choices(tmp_path, {"a": {"warmth": "x"}})
    assert dial_files.choices(tmp_path, "a") == {"warmth": "x"} and dial_files.choices(tmp_path, "b") == {}
    for text in ("", "[]", '{"a": 3}', "{"):
        (tmp_path / dial_files.POINTER).write_text(text)
        assert dial_files.choices(tmp_path, "a") == {}


def test_a_header_is_read_without_the_directions(tmp_path):
    save_tiny_model(tmp_path)
    made(tmp_path).save(tmp_path / "dial.safetensors")
    found = dial_files.header(tmp_path / "dial.safetensors")
    assert found["behaviour"] == "reflection" and found["dial"]["r_max"] == 40.0
    for text in (b"", b"\0" * 7, b"\xff" * 40, b"\x02\0\0\0\0\0\0\0{}"):
        (tmp_path / "broken").write_bytes(text)
        assert dial_files.header(tmp_path / "broken") == {}
    assert dial_files.header(tmp_path / "missing") == {}


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
