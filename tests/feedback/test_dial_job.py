"""The batch job that calibrates a dial: for the model that serves, stopped and gone on with, cancelled."""

from __future__ import annotations

import threading

import pytest

from feedback.coach import dial_files
from feedback.coach.steering import calibration
from feedback.coach.steering.plan import Options
from feedback.dials import job as dial_job
from feedback.dials import runs, serving
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from tests.feedback.tiny_model import save_tiny_model

SMALL = Options(points=9, fit_share=1.0, replies=2, tokens=2, resamples=4, batch=64)
CELLS = 9 + 1 + 8  # the behaviour's direction, asked outright, a random direction


@pytest.fixture(autouse=True)
def coach(settings, tmp_path, monkeypatch):
    """A tiny model that serves, and calibrations of a few cells."""
    settings.DATA_DIR = tmp_path / "data"
    settings.COACH_MODEL = str(save_tiny_model(tmp_path / "tiny"))
    settings.COACH_DTYPE, settings.COACH_DEVICE = "float32", "cpu"
    whole = calibration.calibrate

    def few(model, tokenizer, behaviour, output, **options):
        return whole(model, tokenizer, behaviour, output, SMALL, **options)

    monkeypatch.setattr(calibration, "calibrate", few)


def lines(path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.parametrize("behaviour", ["warmth", "openness"])
def test_it_measures_for_the_model_that_serves_and_keeps_report_and_vector(people, drain, behaviour):
    row, _ = runs.start(behaviour, people.admin)
    assert drain("batch") == 1
    row.refresh_from_db()
    assert row.error == "" and row.finished_at and len(row.report["arms"]["steered"]) == 9
    assert (row.report["behaviour"], row.report["model"]["fingerprint"]) == (behaviour, row.fingerprint)
    place = dial_files.place(serving.home(), row.fingerprint) / row.folder
    assert dial_files.header(place / dial_files.VECTOR)["fingerprint"] == row.fingerprint
    assert lines(place / "sweep.jsonl") == CELLS and not place.with_name(f".part-{behaviour}").exists()
    assert serving.model().fingerprint == row.fingerprint
    assert Job.objects.get(kind=runs.CALIBRATE).status == Job.Status.DONE


def test_a_stopped_run_is_handed_back_and_goes_on_from_what_was_measured(people, drain, monkeypatch):
    runs.start("warmth", people.admin)
    stopping, told = threading.Event(), []
    checkpoint = queue.checkpoint

    def watched(job, *, progress, state=None):
        told.append(state["stage"])
        if sum("r=" in words for words in told) == 5:
            stopping.set()
        checkpoint(job, progress=progress, state=state)

    monkeypatch.setattr(queue, "checkpoint", watched)
    running.drain_lane("batch", worker="test", stopping=stopping)
    job = Job.objects.get(kind=runs.CALIBRATE)
    [part] = serving.home().glob("*/.part-warmth/sweep.jsonl")
    assert (job.status, job.attempts, lines(part)) == (Job.Status.QUEUED, 0, 5)
    assert told[0] == "loading the language model" and told[1] == "the behaviour's direction, r=0"
    told.clear()
    monkeypatch.setattr(queue, "checkpoint", checkpoint)
    assert drain("batch") == 1
    assert runs.newest().calibration.report and not part.exists()


def test_it_gives_way_to_others_of_its_lane(people, drain, monkeypatch):
    monkeypatch.setattr(running, "GIVE_WAY_SECONDS", 0)
    runs.start("warmth", people.admin)
    claimed = queue.claim("batch", "test")
    other = queue.enqueue("audit_check")
    running.run_claimed(claimed, running.Context(threading.Event()))
    job = Job.objects.get(kind=runs.CALIBRATE)
    other.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.QUEUED, 0) and job.available_at > other.available_at
    drain("batch")
    assert runs.newest().calibration.report and Job.objects.get(pk=other.pk).status == Job.Status.DONE


def test_a_cancelled_run_writes_nothing_and_the_next_one_goes_on(people, drain, monkeypatch):
    row, _ = runs.start("warmth", people.admin)
    checkpoint, told = queue.checkpoint, []

    def watched(job, *, progress, state=None):
        told.append(progress)
        if len(told) == 4:
            runs.cancel("warmth", people.admin)
        checkpoint(job, progress=progress, state=state)

    monkeypatch.setattr(queue, "checkpoint", watched)
    drain("batch")
    row.refresh_from_db()
    assert row.report == {} and row.finished_at is None
    [part] = serving.home().glob("*/.part-warmth/sweep.jsonl")
    kept = lines(part)
    assert kept == 2
    monkeypatch.setattr(queue, "checkpoint", checkpoint)
    again, new = runs.start("warmth", people.admin)
    assert new and again != row
    drain("batch")
    again.refresh_from_db()
    assert again.report and not part.exists()


def test_where_another_model_serves_by_then_it_says_so(people, drain, settings, tmp_path):
    row, _ = runs.start("warmth", people.admin)
    settings.COACH_MODEL = str(save_tiny_model(tmp_path / "other"))
    drain("batch")
    row.refresh_from_db()
    assert "Another language model serves by now" in row.error and row.finished_at and row.report == {}


def test_a_model_that_cannot_be_loaded_is_said_in_the_engines_words(people, drain, settings, tmp_path):
    settings.COACH_MODEL = str(tmp_path / "gone")
    row, _ = runs.start("warmth", people.admin)
    drain("batch")
    row.refresh_from_db()
    assert "names a folder that does not exist" in row.error


def test_given_up_it_says_where_to_look(people):
    row, _ = runs.start("warmth", people.admin)
    dial_job.on_quarantine(Job.objects.get(kind=runs.CALIBRATE))
    row.refresh_from_db()
    assert "failed several times" in row.error and row.finished_at is None
