"""What an export writes on its way is its own and goes: also after a killed worker or an erasure."""

from __future__ import annotations

import shutil
import tempfile

import pytest
from openpyxl import Workbook

from feedback.exports import files, job, writers
from feedback.models import Export
from peersupport.jobs.queue import StoppedError
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
