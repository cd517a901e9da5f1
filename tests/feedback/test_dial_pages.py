"""The admin's pages of dials: what a calibration found, switching and going back, and who notices."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import timezone

from feedback.coach import dial_files
from feedback.coach.engine import get_coach
from feedback.coach.mini.own_pairs import own_behaviour
from feedback.coach.reply_prompt import RewordRequest
from feedback.coach.seeker_prompt import SeekerLineRequest
from feedback.dials import runs, serving
from feedback.models import DialCalibration, DialSwitch, LoadedModel
from feedback.reports import loaded
from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from tests.feedback.dial_reports import old_report_of, report_of, vector_of
from tests.feedback.tiny_model import save_tiny_model

PAGE, UNDO = reverse("feedback:dials"), reverse("feedback:dial-undo")
HTMX = {"HX-Request": "true"}
WARMER = RewordRequest("work has been hard", "what", "affirm", "so", seed=5, wishes={"warmth": 1.0})


def address(name: str, behaviour: str = "warmth") -> str:
    return reverse(f"feedback:{name}", args=[behaviour])


@pytest.fixture(autouse=True)
def coach(settings, tmp_path):
    """A tiny language model that serves, and a place for its dials."""
    settings.DATA_DIR = tmp_path / "data"
    settings.COACH_MODEL = str(save_tiny_model(tmp_path / "tiny"))
    settings.COACH_DTYPE, settings.COACH_DEVICE = "float32", "cpu"


@pytest.fixture
def admin(client, people, django_capture_on_commit_callbacks):
    """ask(address): the page's text; with `post` what it is led to, after what follows the commit."""
    client.force_login(people.admin)

    def ask(where: str = PAGE, *, post: dict | None = None, **headers) -> str:
        if post is None:
            return client.get(where, headers=headers).content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(where, post)
        assert answer.status_code == 302
        return client.get(answer["Location"]).content.decode()

    return ask


@pytest.fixture
def calibrated(people, settings):
    """make(behaviour, usable, other, seed, low): a finished calibration with its files, for the model that
    serves."""
    loaded.warm_up("worker")
    mark = LoadedModel.objects.get().about["fingerprint"]

    def make(behaviour="warmth", *, usable=True, other=False, seed=1, low=0.0) -> DialCalibration:
        own = "f" * 64 if other else mark
        row = DialCalibration.objects.create(
            behaviour=behaviour,
            model="tiny",
            fingerprint=own,
            asked_by=people.admin,
            finished_at=timezone.now(),
            report=report_of(behaviour, own, usable=usable, low=low),
        )
        place = dial_files.place(serving.home(), own) / row.folder
        place.mkdir(parents=True)
        vector_of(settings.COACH_MODEL, behaviour, own, seed=seed, low=low).save(place / dial_files.VECTOR)
        return row

    return make


def test_without_a_model_there_is_nothing_to_turn(admin, settings):
    settings.COACH_MODEL = ""
    shown = admin()
    assert "there is nothing to turn" in shown and address("dial-calibrate") not in shown
    assert "COACH_MODEL" in admin(address("dial-calibrate"), post={})
    assert not DialCalibration.objects.exists()


def test_every_behaviour_is_shown_before_anything_was_calibrated(admin):
    shown = admin()
    assert shown.count("Not calibrated for this model.") == 5 and "Nobody has switched a dial." in shown
    assert "No worker has loaded the model yet" in shown and UNDO not in shown
    assert "There is no calibration of this dial yet." in admin(address("dial"))


def test_a_calibration_is_shown_with_end_stop_interval_curves_and_numbers(admin, calibrated):
    calibrated()
    assert "It can be turned from 0 to 8.0 (95 % interval 7.5 to 8.5): nothing was measured" in admin()
    assert "In 4 % of the resamples no dial holds." in admin()
    shown = admin(address("dial"))
    assert shown.count("<svg") == 3 and "efficient part" in shown and "prompt only" in shown
    assert "moves the behaviour 5 % as far within the fitted range." in shown
    assert "Turned up to the end stop it moves it 20 % as far." in shown
    assert "Intervals: 95 %, from resampled prompts." in shown and "from one end of the" not in shown
    assert shown.count('class="efficient"') == 5 and "Asked for outright, not steered" in shown
    assert "80 others that were held out" in shown and "Switch on" in shown


def test_a_report_stored_before_prompts_were_drawn_whole_says_what_it_did(admin, calibrated):
    made = calibrated()
    made.report = old_report_of("warmth", made.fingerprint)
    made.save(update_fields=["report"])
    shown = admin(address("dial"))
    assert "reference replies. Intervals: 95 %, from resampled items." in shown and "prompts" not in shown
    said = "length, from one end of the fitted range to the other, moves the behaviour 5 % as far."
    assert said in shown and "within the fitted range" not in shown
    assert "Turned up to the end stop it moves it 20 % as far." in shown


def test_a_switch_holds_from_the_next_request_on_and_is_taken_back(admin, calibrated, people):
    made, engine = calibrated(), get_coach()
    plain = engine.reword([WARMER])
    shown = admin(address("dial-switch"), post={"use": str(made.pk)})
    assert "Warmth can be turned now" in shown and "Switch off" in shown
    warmer = engine.reword([WARMER])
    assert warmer != plain and engine.about()["dials"] == {"warmth": 8.0}
    assert "Undo: put “warmth” back" in admin()
    assert "Warmth is off" in admin(UNDO, post={})
    assert engine.reword([WARMER]) == plain
    assert "There is no switch to take back." in admin(UNDO, post={})
    [first, second] = DialSwitch.objects.order_by("id")
    assert (first.before_on, first.on, first.after, second.undoes) == (False, True, made, first)
    lines = AuditEvent.objects.filter(verb__in=("dial_switch", "dial_undo")).order_by("id")
    assert [(line.verb, line.object_id, line.actor_id) for line in lines] == [
        ("dial_switch", str(first.pk), people.admin.pk),
        ("dial_undo", str(second.pk), people.admin.pk),
    ]


def test_openness_shows_both_end_stops_and_the_seekers_state_turns_it_once_it_is_on(
    admin, calibrated, client, people
):
    made, engine = calibrated("openness", low=-6.0), get_coach()
    line = SeekerLineRequest("work has been hard", "what would help", "so it weighs", seed=5, turn=-1.0)
    plain = engine.reword([line])
    assert "It runs both ways, from -6.0 (95 % interval -6.5 to -6.0) to 8.0 (7.5 to 8.5)" in admin()
    shown = admin(address("dial-switch", "openness"), post={"use": str(made.pk)})
    assert "the seeker's state turns it" in html.unescape(shown)
    assert engine.reword([line]) != plain and engine.reword([replace(line, turn=0.0)]) == plain
    assert engine.about()["lows"] == {"openness": -6.0}
    loaded.warm_up("worker")
    Job.objects.create(
        kind="report", lane="coach", worker="worker", status="done", finished_at=timezone.now()
    )
    assert "openness from -6.0 up to 8.0" in client.get(reverse("feedback:models")).content.decode()


def test_openness_in_coach_minis_own_language_is_not_called_the_seekers(admin, calibrated, settings):
    made = calibrated("openness")
    for where in (PAGE, address("dial", "openness")):
        assert "the simulated seeker open up" in admin(where)
    made.report["about"] = own_behaviour("openness").about
    made.save()
    for where in (PAGE, address("dial", "openness")):
        shown = html.unescape(admin(where)).partition("Warmth")[2] if where == PAGE else admin(where)
        assert "an open question, instead of a complex reflection" in shown
        assert "coach-mini words no line of a seeker" in shown
        assert "the simulated seeker open up" not in shown and "the seeker's state turns it" not in shown
    assert "none by a seeker who opens up" in html.unescape(shown)
    made.delete()
    settings.COACH_MODEL = "coach-mini"  # nothing calibrated yet: the model's name tells
    assert "says nothing of a seeker who opens up" in admin(address("dial", "openness"))


def test_undo_goes_back_step_by_step(admin, calibrated):
    one, two = calibrated(), calibrated(seed=2)
    for use in (str(one.pk), str(two.pk), "off"):
        admin(address("dial-switch"), post={"use": use})
    for held in ((True, two), (True, one), (False, None)):
        admin(UNDO, post={})
        dial = serving.dials(serving.model())["warmth"]
        assert (dial.on, dial.made) == held


def refused(admin, use: str, words: str) -> None:
    assert words in admin(address("dial-switch"), post={"use": use})
    assert not DialSwitch.objects.exists() and not (serving.home() / dial_files.POINTER).exists()
    assert not AuditEvent.objects.filter(verb="dial_switch").exists()


def test_a_dial_of_another_model_or_revision_is_refused_in_words(admin, calibrated):
    made = calibrated(other=True)
    refused(admin, str(made.pk), "made for another model or revision (tiny, ffffffffffff): calibrate again")
    assert 'name="use" value' not in admin(address("dial"))


def test_a_dial_that_does_not_hold_is_refused(admin, calibrated):
    made = calibrated(usable=False)
    refused(admin, str(made.pk), "found no dial that holds")
    assert "It cannot be turned: the behaviour falls as the dial is turned up." in admin()


def test_a_dial_whose_files_are_gone_is_refused(admin, calibrated):
    made = calibrated()
    (dial_files.place(serving.home(), made.fingerprint) / made.folder / dial_files.VECTOR).unlink()
    refused(admin, str(made.pk), "files are gone or damaged")


def test_nothing_is_switched_twice_or_without_a_model(admin, calibrated):
    made = calibrated()
    refused(admin, "off", "That holds already.")
    refused(admin, "shipped", "No dial of this behaviour came with the model.")
    LoadedModel.objects.all().delete()
    DialCalibration.objects.update(fingerprint="")
    refused(admin, str(made.pk), "No worker has loaded the language model yet")


def test_unknown_dials_and_choices_are_missing(client, people, calibrated):
    made = calibrated("brevity")
    client.force_login(people.admin)
    for use in ("", "x", "999", "9" * 40, str(made.pk)):
        assert client.post(address("dial-switch"), {"use": use}).status_code == 404
    assert client.get(address("dial", "kindness")).status_code == 404
    for name in ("dial-calibrate", "dial-cancel", "dial-switch"):
        assert client.post(address(name, "kindness")).status_code == 404
    for asked in ("999", "x", str(made.pk)):
        assert client.get(address("dial"), {"made": asked}).status_code == 404
    assert client.get(address("dial", "brevity"), {"made": made.pk}).status_code == 200


def test_a_dial_that_came_with_the_model_is_on_until_somebody_switches_it_off(admin, calibrated, settings):
    calibrated()
    mark = LoadedModel.objects.get().about["fingerprint"]
    folder = ship(settings, mark)
    assert "<strong>On</strong>" in admin() and "came with the model" in admin()
    assert "The curves of the dial that came with the model" in admin(address("dial"))
    admin(address("dial-switch"), post={"use": "off"})
    assert dial_files.serving(folder, serving.home(), mark) == {}
    assert "<strong>On</strong>" not in admin()
    admin(address("dial-switch"), post={"use": "shipped"})
    assert list(dial_files.serving(folder, serving.home(), mark)) == ["warmth"]
    ship(settings, "0" * 64)
    assert "<strong>On</strong>" not in admin(), "of another revision"


def ship(settings, mark):
    from pathlib import Path

    folder = Path(settings.COACH_MODEL)
    (folder / dial_files.FOLDER).mkdir(exist_ok=True)
    vector_of(str(folder), "warmth", mark).save(folder / dial_files.FOLDER / "warmth.safetensors")
    text = json.dumps(report_of("warmth", mark, usable=True))
    (folder / dial_files.FOLDER / "warmth.json").write_text(text)
    return folder


def test_the_file_is_mended_by_the_sweeper(admin, calibrated):
    made = calibrated()
    admin(address("dial-switch"), post={"use": str(made.pk)})
    file = serving.home() / dial_files.POINTER
    said = json.loads(file.read_text())
    assert said == {made.fingerprint: {"warmth": made.folder}}
    file.write_text("{")
    serving.point()
    assert json.loads(file.read_text()) == said
    file.unlink()
    serving.point()
    assert json.loads(file.read_text()) == said


def test_asked_for_twice_it_is_calibrated_once_and_can_be_cancelled(admin):
    for _ in range(2):
        assert "is being calibrated for tiny" in admin(address("dial-calibrate"), post={})
    made = DialCalibration.objects.get()
    assert AuditEvent.objects.filter(verb="dial_calibrate", object_id=str(made.pk)).count() == 1
    assert "It waits for the batch worker." in admin(PAGE, **HTMX)
    shown = admin(address("dial-cancel"), post={})
    words = "The calibration of “warmth” was cancelled. Asked for again, it goes on where it was."
    assert f'data-said="{words}"' in shown
    assert "nothing to cancel" in admin(address("dial-cancel"), post={})
    assert Job.objects.get(kind=runs.CALIBRATE).was_cancelled
    assert AuditEvent.objects.filter(verb="dial_cancel").count() == 1


def test_a_calibration_that_failed_says_why(admin, people):
    made, _ = runs.start("warmth", people.admin)
    DialCalibration.objects.filter(pk=made.pk).update(error="no pairs", finished_at=timezone.now())
    [job] = Job.objects.filter(kind=runs.CALIBRATE)
    queue.cancel(job)
    Job.objects.update(status=Job.Status.DONE)
    assert re.findall('data-said="([^"]*)"', admin()) == ["no pairs"]
    DialCalibration.objects.update(error="")
    assert re.findall('data-said="([^"]*)"', admin()) == ["Warmth: Done"]
