"""Which folder the coach is loaded from: the merge that was switched on, or COACH_MODEL's own model."""

from __future__ import annotations

import gc
import json
import shutil
import weakref

import pytest

from feedback.coach import engine, serving
from feedback.coach.engine import NoCoach, get_coach
from feedback.coach.reply_prompt import RewordRequest
from feedback.models import LoadedModel, SessionReport
from feedback.reports import loaded
from peersupport.jobs import running
from peersupport.practice import chats
from tests.feedback.bases import finished_merge, own_coach

REQUEST = RewordRequest("work has been hard", "what would help", "reflection_simple", "so it weighs", seed=5)


@pytest.fixture(autouse=True)
def own_place(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.COACH_MODEL, settings.COACH_DEVICE, settings.COACH_DTYPE = "", "cpu", "float32"
    engine._coaches.clear()  # what an earlier test loaded in this process
    engine._served.clear()
    yield
    engine._coaches.clear()
    engine._served.clear()


@pytest.fixture
def base(tmp_path):
    return own_coach(tmp_path)


@pytest.fixture
def merge(db, base):
    return finished_merge(whole=True)


def point(name: str) -> None:
    serving.home().mkdir(parents=True, exist_ok=True)
    (serving.home() / serving.POINTER).write_text(name + "\n")


def test_without_a_file_the_named_model_serves(base, settings):
    assert serving.resolved() == serving.Serving(str(base))
    assert serving.resolved().name == "tiny"
    settings.COACH_MODEL = ""
    assert serving.resolved().model == "" and isinstance(get_coach(), NoCoach)
    settings.COACH_MODEL = "coach-mini"
    assert serving.resolved().model == str(serving.SHIPPED) and serving.base_folder() == serving.SHIPPED
    settings.COACH_MODEL = "somebody/some-model"
    assert serving.base_folder() is None and serving.resolved().name == "some-model"


def test_a_merge_of_the_named_model_serves_from_the_next_request_on(merge, base):
    before = get_coach()
    point(merge.name)
    after = get_coach()
    assert (before.name, after.name) == ("tiny", merge.name)
    assert after.config.model == str(serving.home() / merge.name) and after.config.revision == ""
    assert len(after.reword([REQUEST])) == 1
    (serving.home() / serving.POINTER).unlink()
    assert get_coach().name == "tiny"


def test_the_model_before_a_switch_is_let_go(merge):
    coach = get_coach()
    coach.warm_up()
    held = weakref.ref(coach._loop.model)
    del coach
    assert get_coach()._loaded is not None  # kept as long as it serves
    point(merge.name)
    get_coach().warm_up()
    gc.collect()
    assert held() is None
    assert len(engine._coaches) == 1


def test_who_still_words_with_the_old_model_ends_with_it(merge):
    coach = get_coach()
    point(merge.name)
    assert get_coach() is not coach
    assert len(coach.reword([REQUEST])) == 1


def test_a_merge_that_is_gone_or_damaged_or_of_another_base_does_not_serve(merge, base, tmp_path, settings):
    point(merge.name)
    folder = serving.home() / merge.name
    weights = folder / "model.safetensors"
    kept = weights.read_bytes()
    weights.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert serving.resolved() == serving.Serving(str(base), wanted=merge.name, why=serving.DAMAGED)
    assert get_coach().name == "tiny"
    weights.unlink()
    assert serving.resolved().why == serving.DAMAGED
    weights.write_bytes(kept)
    assert get_coach().name == merge.name
    (folder / serving.SUMS).write_text("[]")
    assert serving.resolved().why == serving.DAMAGED
    shutil.rmtree(folder)
    assert serving.resolved().why == serving.GONE


def test_after_another_coach_model_is_named_that_one_serves(merge, tmp_path, settings):
    from tests.feedback.tiny_model import save_tiny_model

    point(merge.name)
    settings.COACH_MODEL = str(save_tiny_model(tmp_path / "other", layers=1))
    assert serving.resolved().why == serving.OTHER_BASE and get_coach().name == "other"
    settings.COACH_MODEL = "somebody/some-model"
    assert serving.resolved().why == serving.OTHER_BASE


def test_a_merge_whose_manifest_names_no_base_does_not_serve(merge):
    point(merge.name)
    manifest = serving.home() / merge.name / serving.MANIFEST
    manifest.write_text(json.dumps({"inputs": {}}))
    (serving.home() / merge.name / serving.SUMS).unlink()
    assert serving.resolved().why == serving.DAMAGED


@pytest.mark.parametrize("name", ["../elsewhere", "/etc", "", "a b", ".part-1", "\x00"])
def test_the_file_names_a_folder_beside_it_and_nothing_else(base, name):
    point(name)
    assert serving.resolved() == serving.Serving(str(base))


def test_a_report_is_never_lost_with_its_merge(merge, chat, say, drain):
    point(merge.name)
    shutil.rmtree(serving.home() / merge.name)
    say("You should just tell them no. That is the only way.")
    drain()
    chats.end_chat(chat)
    drain("coach")
    report = SessionReport.objects.get(chat=chat)
    assert report.status in ("ready", "partial") and report.body["coach"]["model"] == "tiny"


def test_a_worker_writes_down_what_it_holds_after_a_switch(merge, chat, say, drain, monkeypatch):
    monkeypatch.setattr(loaded, "_told", {})
    running.warm_up("coach", "test")
    assert LoadedModel.objects.get().about["model"] == "tiny"
    point(merge.name)
    say("You should just tell them no. That is the only way.")
    drain()
    chats.end_chat(chat)
    drain("coach")
    assert LoadedModel.objects.get().about["model"] == merge.name
    assert SessionReport.objects.get(chat=chat).body["coach"]["model"] == merge.name
