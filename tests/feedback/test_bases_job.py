"""The batch job that merges and measures: to the end, cancelled, stopped, killed, out of disk, refused."""

from __future__ import annotations

import errno
import json
import threading

import pytest
from django.http import QueryDict

from feedback.bases import job as work
from feedback.bases import measuring, runs, switching
from feedback.coach import serving
from feedback.coach.experts.origin import FROM, weights_of
from feedback.coach.merging import engine as merging
from feedback.coach.merging import staging
from feedback.models import CoachMerge
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from tests.feedback.bases import fine_tunes, own_coach


@pytest.fixture(autouse=True)
def own_place(settings, tmp_path, monkeypatch):
    """Few items: what is measured here is not the point."""
    settings.DATA_DIR = tmp_path
    settings.COACH_MODEL, settings.COACH_DEVICE, settings.COACH_DTYPE = "", "cpu", "float32"
    monkeypatch.setattr(measuring, "SETS", 2)
    monkeypatch.setattr(measuring, "ITEMS", 3)


@pytest.fixture
def base(tmp_path):
    base = own_coach(tmp_path)
    fine_tunes(base, "helpful", "honest", "harmless")
    return base


def asked(method="ties", experts=("helpful", "honest"), **values) -> runs.Asked:
    fields = QueryDict(mutable=True)
    fields.update({"method": method, **values})
    fields.setlist("experts", experts)
    return runs.asked(fields)


@pytest.fixture
def merge(base, people) -> CoachMerge:
    return runs.start(asked(density="0.3"), people.admin)


def parts() -> list[str]:
    return sorted(path.name for path in serving.home().glob(".part-*"))


def test_a_merge_is_made_measured_and_put_in_its_place(merge, drain):
    assert drain("batch") == 1
    merge = CoachMerge.objects.get()
    assert merge.name == f"tiny-ties-{merge.pk}" and merge.error == "" and merge.finished_at
    assert list(merge.report["models"]) == ["tiny", merge.name]
    assert merge.report["compared_with"] == "tiny"
    assert merge.report["models"]["tiny"]["n"] == {"helpful": 6, "honest": 6, "harmless": 6}
    assert set(merge.report["differences"]) == {merge.name}
    assert merge.manifest["recipe"]["parameters"] == {"density": 0.3, "lambda": 1.0}
    assert len(merge.manifest["task_vectors"]["cosines"]) == 2
    folder = switching.folder_of(merge)
    assert serving.is_whole(folder) and serving.why_not(merge.name) == ""
    assert parts() == []
    # The report is that of the commands, of the same items.
    found = {
        name: measuring.joined(list(measuring.sets(path, "cpu")))
        for name, path in (("tiny", serving.base_folder()), (merge.name, folder))
    }
    assert json.loads(json.dumps(measuring.report(found, "tiny"))) == merge.report


@pytest.mark.parametrize("method", ["average", "model_stock", "dare", "tsvm", "rtsvm"])
def test_other_methods(base, people, drain, method):
    runs.start(asked(method), people.admin)
    drain("batch")
    merge = CoachMerge.objects.get()
    assert merge.found and merge.error == ""
    assert "stock_ratio" not in merge.manifest


def test_one_fine_tune_alone_is_taken_as_it_is(base, people, drain):
    from safetensors.torch import load_file

    runs.start(asked("average", ["honest"]), people.admin)
    drain("batch")
    merge = CoachMerge.objects.get()
    ours = load_file(switching.folder_of(merge) / "model.safetensors")
    theirs = load_file(serving.base_folder().parent / "models" / "experts" / "honest" / "model.safetensors")
    assert ours.keys() == theirs.keys() and all((ours[name] == theirs[name]).all() for name in ours)


def test_progress_and_stage_stand_in_the_job(merge, monkeypatch, drain):
    monkeypatch.setattr(work, "_EVERY", 0.0)
    seen = []
    plain = queue.checkpoint

    def watched(job, *, progress, state=None):
        seen.append((round(progress, 2), state["stage"]))
        plain(job, progress=progress, state=state)

    monkeypatch.setattr(queue, "checkpoint", watched)
    drain("batch")
    assert [share for share, _ in seen] == sorted(share for share, _ in seen)
    assert [stage for _, stage in seen if stage == "merging"]
    assert {stage for _, stage in seen} == {"merging", "measuring tiny", f"measuring {merge.name}"}


def test_cancelled_while_it_is_merged_nothing_stays(merge, people, monkeypatch, drain):
    monkeypatch.setattr(work, "_EVERY", 0.0)
    plain = queue.checkpoint

    def cancelling(job, *, progress, state=None):
        if progress > 0.05 and Job.objects.get(pk=job.pk).is_open:
            assert parts()
            runs.cancel(merge, people.admin)
        plain(job, progress=progress, state=state)

    monkeypatch.setattr(queue, "checkpoint", cancelling)
    drain("batch")
    assert Job.objects.get(kind=runs.MERGE).was_cancelled
    merge.refresh_from_db()
    assert not merge.found and parts() == [] and not switching.folder_of(merge).exists()
    [now] = runs.standings([merge])
    assert now.key == "cancelled"
    with pytest.raises(runs.RefusedError, match="nothing to cancel"):
        runs.cancel(merge, people.admin)


def test_stopped_while_it_is_merged_it_goes_on_where_it_was(merge, monkeypatch, drain):
    monkeypatch.setattr(work, "_EVERY", 0.0)
    stopping, plain = threading.Event(), queue.checkpoint

    def watched(job, *, progress, state=None):
        if progress > work.MERGED / 2:
            stopping.set()
        plain(job, progress=progress, state=state)

    monkeypatch.setattr(queue, "checkpoint", watched)
    running.drain_lane("batch", worker="test", stopping=stopping)
    job = Job.objects.get(kind=runs.MERGE)
    assert (job.status, job.attempts) == ("queued", 0)
    assert parts() == [f".part-{merge.pk}.partial"]
    resumed = []
    whole = merging.merge
    monkeypatch.setattr(merging, "merge", lambda *a, **k: resumed.append(whole(*a, **k)) or resumed[0])
    drain("batch")
    assert resumed[0].resumed >= 2
    merge.refresh_from_db()
    assert merge.found and parts() == []


def test_killed_while_it_is_measured_only_the_rest_is_measured(merge, monkeypatch, drain):
    monkeypatch.setattr(work, "_EVERY", 0.0)
    asked_for = []
    plain = measuring.measured

    def watched(model, asker, **options):
        asked_for.append(options["seeds"])
        if len(asked_for) == 4:
            raise SystemExit  # as a kill: nothing is tidied up
        return plain(model, asker, **options)

    monkeypatch.setattr(measuring, "measured", watched)
    with pytest.raises(SystemExit):
        drain("batch")
    assert parts() == [f".part-{merge.pk}"]
    Job.objects.filter(kind=runs.MERGE).update(lease_until="2020-01-01T00:00Z")
    queue.sweep()
    Job.objects.filter(kind=runs.MERGE).update(available_at="2020-01-01T00:00Z")
    switching.chore()
    assert parts() == [f".part-{merge.pk}"]  # of an open job
    drain("batch")
    assert asked_for == [[0], [1], [0], [1], [1]]  # the base whole, of the merge the set that was cut short
    merge.refresh_from_db()
    assert list(merge.report["models"]) == ["tiny", merge.name] and parts() == []
    assert merge.report["models"]["tiny"]["n"]["honest"] == 6


def test_it_gives_way_to_others_of_its_lane(merge, people, monkeypatch, drain):
    monkeypatch.setattr(running, "GIVE_WAY_SECONDS", 0)
    job = Job.objects.get(kind=runs.MERGE)
    first = queue.claim("batch", "test")
    assert [one.pk for one in first] == [job.pk]
    other = queue.enqueue("audit_check")
    running.run_claimed(first, running.Context(threading.Event()))
    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.status, job.attempts) == ("queued", 0) and job.available_at > other.available_at
    drain("batch")
    merge.refresh_from_db()
    assert merge.found and Job.objects.get(pk=other.pk).status == "done"


def test_a_full_disk_is_said_and_nothing_half_written_stays(merge, people, monkeypatch, drain):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(staging.os, "pwrite", full)
        drain("batch")
    merge.refresh_from_db()
    assert merge.error == work.FULL and not merge.found
    assert parts() == [] and not switching.folder_of(merge).exists()
    assert Job.objects.get(kind=runs.MERGE).status == "done"
    runs.again(merge, people.admin)
    drain("batch")
    merge.refresh_from_db()
    assert merge.found and merge.error == ""


def test_too_little_room_is_said_before_anything_is_written(merge, monkeypatch, drain, settings):
    usage = staging.shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(staging.shutil, "disk_usage", lambda path: usage)
    drain("batch")
    merge.refresh_from_db()
    assert "0.0 GB free" in merge.error and "DATA_DIR" in merge.error
    assert str(settings.DATA_DIR) not in merge.error and parts() == []


def test_what_does_not_fit_is_refused_in_words(base, people, drain):
    config = base.parent / "models" / "experts" / "honest" / "config.json"
    config.write_text(config.read_text().replace('"llama"', '"mistral"'))
    merge = runs.start(asked(), people.admin)
    drain("batch")
    merge.refresh_from_db()
    assert "choose the base it comes from" in merge.error and parts() == []
    assert runs.standings([merge])[0].key == "failed"


def test_what_was_learnt_from_other_weights_is_refused_in_words(base, people, drain):
    note = base.parent / "models" / "experts" / "honest" / "training.json"
    learnt = json.loads(note.read_text())
    note.write_text(json.dumps({**learnt, FROM: weights_of(base)}))
    merge = runs.start(asked(), people.admin)
    drain("batch")
    merge.refresh_from_db()
    assert merge.error == "" and merge.found
    note.write_text(json.dumps({**learnt, FROM: "0123456789abcdef"}))
    CoachMerge.objects.filter(pk=merge.pk).update(found="")
    runs.again(merge, people.admin)
    drain("batch")
    merge.refresh_from_db()
    assert "honest was trained from other weights than tiny has now" in merge.error


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("can't allocate memory"), RuntimeError("std::bad_alloc")]
)
def test_too_little_memory_is_said_and_other_errors_are_not_called_so(merge, monkeypatch, drain, error):
    def fails(*args, **kwargs):
        raise error

    monkeypatch.setattr(merging, "merge", fails)
    drain("batch")
    merge.refresh_from_db()
    assert "WORKER_MEMORY_MB; with Compose BATCH_MEMORY_MB and BATCH_MEMORY)" in merge.error and parts() == []
    error = RuntimeError("size mismatch")
    CoachMerge.objects.filter(pk=merge.pk).update(error="")
    runs.again(merge, merge.asked_by)
    drain("batch")
    merge.refresh_from_db()
    assert merge.error == "" and runs.standings([merge])[0].key == "running"  # it is tried again


def test_without_a_base_the_job_says_so(merge, settings, drain):
    settings.COACH_MODEL = "somebody/some-model"
    drain("batch")
    merge.refresh_from_db()
    assert "COACH_MODEL names no folder" in merge.error


def test_compared_anew_with_what_serves_then(merge, people, drain, django_capture_on_commit_callbacks):
    drain("batch")
    one = CoachMerge.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        switching.switch(one, people.admin, read=True)
    runs.start(asked("average"), people.admin)
    drain("batch")
    two = CoachMerge.objects.first()
    assert list(two.report["models"]) == [one.name, "tiny", two.name]
    assert two.report["compared_with"] == one.name
    with django_capture_on_commit_callbacks(execute=True):
        switching.undo(people.admin)
    with pytest.raises(runs.RefusedError, match="compare it anew"):
        switching.switch(two, people.admin, read=True)
    made = (switching.folder_of(two) / "model.safetensors").stat().st_mtime_ns
    runs.again(two, people.admin)
    drain("batch")
    two = CoachMerge.objects.get(pk=two.pk)
    assert two.report["compared_with"] == "tiny"
    assert (switching.folder_of(two) / "model.safetensors").stat().st_mtime_ns == made


def test_damaged_weights_are_made_again_of_the_same_inputs_only(merge, people, base, drain):
    drain("batch")
    merge = CoachMerge.objects.get()
    weights = switching.folder_of(merge) / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(b"cut short")
    runs.again(merge, people.admin)
    drain("batch")
    assert weights.read_bytes() == whole
    weights.write_bytes(b"cut short")
    expert = base.parent / "models" / "experts" / "honest" / "model.safetensors"
    expert.write_bytes((base / "model.safetensors").read_bytes())
    runs.again(merge, people.admin)
    drain("batch")
    merge.refresh_from_db()
    assert "start a new merge" in merge.error and parts() == []


def test_a_job_that_failed_for_good_says_so(merge, monkeypatch, drain):
    def broken(*args):
        raise RuntimeError

    monkeypatch.setattr(measuring, "measured", broken)
    for _ in range(8):
        Job.objects.filter(kind=runs.MERGE).update(available_at="2020-01-01T00:00Z")
        drain("batch")
    [now] = runs.standings(CoachMerge.objects.all())
    assert now.key == "broken" and "failed several times" in now.merge.error
    switching.chore()
    assert parts() == []


def test_the_same_twice_is_one_and_another_one_waits(merge, people):
    assert runs.start(asked(density="0.3"), people.admin) == merge
    with pytest.raises(runs.RefusedError, match="under way"):
        runs.start(asked("average"), people.admin)
    assert Job.objects.filter(kind=runs.MERGE).count() == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (asked("magic"), "Choose a method"),
        (asked(experts=[]), "two fine-tunes or more"),
        (asked(experts=["helpful"]), "two fine-tunes or more"),
        (asked(experts=["helpful", "helpful"]), "two fine-tunes or more"),
        (asked(experts=["helpful", "../../secret"]), "no finished fine-tune"),
        (asked(experts=["helpful", "halfway"]), "no finished fine-tune"),
        (asked("average", density="0.5"), "has no density"),
        (asked(density="1.5"), "Density lies between 0.01 and 1"),
        (asked(density="nan"), "Density lies between"),
        (asked(scale="1e999"), "Scale lies between"),
        (asked(scale="much"), "Scale lies between"),
        (asked("della", density="0.03"), "window"),
        (asked("average", experts=[f"e{n}" for n in range(9)]), "no finished fine-tune"),
    ],
)
def test_forms_are_refused_in_words(base, people, given, words):
    halfway = base.parent / "models" / "experts" / "halfway"
    halfway.mkdir()
    (halfway / "checkpoint.pt").write_bytes(b"x")
    with pytest.raises(runs.RefusedError, match=words):
        runs.start(given, people.admin)
    assert not CoachMerge.objects.exists() and not Job.objects.filter(kind=runs.MERGE).exists()


def test_a_scale_is_lambda_or_alpha_as_the_method_has_it(base, people):
    assert runs._parameters("ties", {"scale": "0,7"}) == {"lambda": 0.7}
    assert runs._parameters("tsvm", {"scale": "2"}) == {"alpha": 2.0}


def test_packed_answers_come_back_the_same():
    import numpy as np

    found = {"helpful": np.array([True, False, True] * 7), "over_refusal": np.zeros(0, dtype=bool)}
    back = measuring.unpacked(json.loads(json.dumps(measuring.packed(found))))
    assert all((back[name] == found[name]).all() and back[name].dtype == bool for name in found)
    assert back.keys() == found.keys() and len(back["over_refusal"]) == 0


def test_names_that_are_written_twice_are_the_same():
    from feedback.bases import arms, finetunes
    from feedback.coach.experts import items, learning

    assert items.AIMS == arms.AIMS
    assert (learning.NOTE, learning.CHECKPOINT) == (finetunes.NOTE, finetunes.CHECKPOINT)
