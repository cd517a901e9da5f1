"""What an export writes on its way is its own and goes: also after a killed worker or an erasure."""

from __future__ import annotations

import shutil
import tempfile
import threading
from datetime import timedelta

import pytest
from django.utils import timezone
from openpyxl import Workbook

from feedback.exports import files, job, writers
from feedback.models import Export
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError
from peersupport.jobs.running import Context, run_claimed
from peersupport.people import consents, erasure
from peersupport.practice.models import Message, PracticeChat
from tests.feedback.test_export_files import made, running


@pytest.fixture(autouse=True)
def folder_of_its_own(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


@pytest.fixture
def practised(people, say):
    consents.choose(people.volunteer, agreed=["research"])
    say("You kept going.")
    Message.objects.update(turn="done")
    say("What helped?")
    PracticeChat.objects.update(status="ended")  # a full file holds no other


def test_one_that_was_begun_between_asking_for_an_erasure_and_its_end_begins_anew_too(
    practised, people, monkeypatch
):
    erasure.ask(people.volunteer, by=None)
    export = files.request_export(people.admin, table="tags", form="csv")
    row, context = running(export)
    looked = []

    def look(*args):
        if not looked:
            looked.append(len(list(erasure._erase(people.volunteer.pk))))

    monkeypatch.setattr(job, "_look", look)
    [outcome] = job.run([row], context).values()
    with pytest.raises(StoppedError):
        outcome()
    assert looked and not list(files.folder().iterdir())


def xlsx(by, **options) -> Export:
    return Export.objects.create(by=by, table="messages", format="xlsx", **options)


class Killed(BaseException):
    pass


def test_a_workbook_that_breaks_off_leaves_no_sheet_behind(practised, people, monkeypatch, tmp_path):
    elsewhere = tmp_path / "tmp"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    monkeypatch.setattr(job, "LOOK_SECONDS", 0)
    monkeypatch.setattr("feedback.exports.rows.BLOCK", 1)
    export, seen = xlsx(people.admin, full=True), []

    def look(share):
        seen.extend(files.folder().glob(f".{export.pk}.*/openpyxl.*"))
        if seen:
            raise StoppedError

    with pytest.raises(StoppedError):
        job.write(export, look=look)
    assert seen and not list(elsewhere.iterdir())
    assert list(files.folder().iterdir()) == [files.part_of(export.pk)]


def test_two_workers_write_a_full_and_a_de_identified_workbook_of_one_table(practised, people, monkeypatch):
    full, plain = xlsx(people.admin, full=True), xlsx(people.admin)
    save = Workbook.save

    def save_then_the_other(book, path):
        monkeypatch.setattr(Workbook, "save", save)
        save(book, path)
        job.write(full)  # by another worker, before this one packs what it saved

    monkeypatch.setattr(Workbook, "save", save_then_the_other)
    job.write(plain)
    for export in (full, plain):
        header, *rows = writers.read_back(files.part_of(export.pk))
        assert rows and ("text" in header) is export.full
    assert {path.suffix for path in files.folder().iterdir()} == {".part"}


@pytest.mark.parametrize("ended", ["failed", "waiting"])
def test_what_a_killed_worker_leaves_goes(ended, practised, people, monkeypatch, tmp_path):
    monkeypatch.setattr(job, "LOOK_SECONDS", 0)
    export, ready = xlsx(people.admin, full=True), made(people.admin, "tags", "csv")
    left = tmp_path / "left"

    def look(share):
        shutil.copytree(files.folder(), left, dirs_exist_ok=True)  # as it lies at this moment
        if list(left.glob(".*/openpyxl.*")):
            raise Killed

    monkeypatch.setattr("feedback.exports.rows.BLOCK", 1)
    with pytest.raises(Killed):
        job.write(export, look=look)
    shutil.copytree(left, files.folder(), dirs_exist_ok=True)
    (files.folder() / ".messages.xlsx").write_bytes(b"by an earlier version")
    Export.objects.filter(pk=export.pk).update(status=ended)
    names = {path.name for path in files.folder().iterdir()}
    assert len(names) == 4
    files.expire()
    kept = {path.name for path in files.folder().iterdir()}
    assert kept == (names - {".messages.xlsx"} if ended == "waiting" else {files.path_of(ready.pk).name})
    files.forget(people.volunteer.pk)
    assert [path.is_dir() for path in files.folder().iterdir()] == ([True] if ended == "waiting" else [])
    job.write(export)  # the next worker of it
    assert [path.name for path in files.folder().iterdir()] == [files.part_of(export.pk).name]


def test_a_worker_that_froze_and_goes_on_spoils_nothing_of_the_next_one(practised, people, monkeypatch):
    monkeypatch.setattr(job, "LOOK_SECONDS", 0)
    monkeypatch.setattr("feedback.exports.rows.BLOCK", 1)
    type(people.admin).objects.update(may_export_full=True)
    people.admin.refresh_from_db()
    export = files.request_export(people.admin, table="messages", form="csv", full=True)
    [first] = queue.claim("batch", "frozen")
    context, seen = Context(threading.Event()), []

    def look(*args):
        if not seen:  # here it froze, and its lease ran out
            Job.objects.filter(pk=first.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
            assert queue.sweep() == 1
            Message.objects.update(text=" ".join(map(str, range(4000))))  # so that both files differ
            Job.objects.filter(pk=first.pk).update(available_at=queue.in_seconds(-1))
            seen.extend(queue.claim("batch", "next"))
            run_claimed(seen, context)

    monkeypatch.setattr(job, "_look", look)
    [outcome] = job.run([first], context).values()
    export.refresh_from_db()
    assert export.status == "ready" and files.path_of(export.pk).stat().st_size == export.size
    assert len(list(writers.read_back(files.path_of(export.pk)))) == 1 + export.rows > 1
    with pytest.raises(queue.LeaseLostError):
        queue.close(first, outcome)


def test_what_attempts_that_failed_had_written_goes_with_the_last(practised, people, monkeypatch):
    export = files.request_export(people.admin, table="tags", form="csv")
    [row] = queue.claim("batch", "worker")
    parts = [files.part_of(export.pk), files.part_of(export.pk, row.lease_token)]
    assert len(set(parts)) == 2
    for part in parts:
        part.write_bytes(b"half")
    job.on_quarantine(row)
    assert not list(files.folder().iterdir())
