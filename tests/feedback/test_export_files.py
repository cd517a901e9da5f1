"""Exports by a worker: every table in every format comes back as it was, and nobody gets more than is due."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import threading
from datetime import timedelta
from zipfile import ZipFile

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.exports import codebook, files, job, writers
from feedback.exports.cells import plain_cell, safe_cell
from feedback.exports.names import Names, pseudonym
from feedback.exports.tables import TABLES
from feedback.inbox.notes import write_note
from feedback.models import Export
from feedback.signoff import ratings
from feedback.signoff.scales import KEYS
from peersupport.audit import chain
from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError
from peersupport.jobs.running import Context
from peersupport.organisation import changing
from peersupport.people import consents, erasure
from peersupport.people.models import User
from peersupport.practice import chats
from skills.review import coding
from tests.feedback.test_exports import download

NOTE = "=HYPERLINK(1) ünï\x0b"
TEXT = "@SUM(1) You kept going,\nand that says 'a lot'."


@pytest.fixture
def practised(people, chat, say, drain):
    """A finished chat with report, correction, note and coding, of somebody who agrees to research."""
    consents.choose(people.volunteer, agreed=["research"])
    message = say(TEXT)
    drain()
    coding.save(message, trainer=people.trainer, codes=["warn"], spans={}, note=NOTE)
    chats.end_chat(chat)
    drain()
    write_note(chat, trainer=people.trainer, text="Kind.")
    chat.refresh_from_db()
    given = {**dict.fromkeys(KEYS, "4"), "decision": "not_yet", "note": NOTE}
    ratings.withdraw(ratings.rate(chat, trainer=people.trainer, given=given), by=people.trainer, reason=NOTE)
    ratings.rate(chat, trainer=people.trainer, given=given | {"decision": "signed_off"})
    return message


def made(user, table: str, form: str, **options) -> Export:
    export = files.request_export(user, table=table, form=form, **options)
    Job.objects.filter(kind="export").update(status="cancelled")  # written here, without a worker
    job._finish(export, files.part_of(export.pk), job.write(export))
    export.refresh_from_db()
    return export


def expected(table: str, form: str, *, full: bool, labelled: bool) -> list[list]:
    names = Names(full=full)
    header = [column.name for column in TABLES[table].shown(full)]
    rows = [row for block in TABLES[table].rows(names, labelled=labelled) for row in block]
    cells = [[writers.cell(value) for value in row] for row in rows]
    if form == "csv":
        cells = [["" if value is None else str(value) for value in row] for row in cells]
    if form == "xlsx":  # XML has no vertical tab, and an empty cell no text
        cells = [[_in_xml(value) for value in row] for row in cells]
    return [header, *cells]


def _in_xml(value):
    return (value.replace("\x0b", "\ufffd") or None) if isinstance(value, str) else value


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_every_table_comes_back_as_it_was(form, practised, people, monkeypatch):
    monkeypatch.setattr("feedback.exports.rows.BLOCK", 2)
    monkeypatch.setattr(writers, "SHEET_ROWS", 3)
    people.admin.may_export_full = True
    people.admin.save()
    for table in TABLES:
        for full, labelled in ((False, True), (True, False)):
            export = made(people.admin, table, form, full=full, labelled=labelled)
            found = list(writers.read_back(files.path_of(export.pk)))
            if table != "audit":  # asking for the export is a line itself
                assert found == expected(table, form, full=full, labelled=labelled)
            assert export.rows == len(found) - 1 > 0, table
            assert export.size > 0


def test_a_file_for_research_holds_no_name_no_word_and_no_id(practised, people, chat):
    for person in (people.volunteer, people.trainer, people.admin):
        person.username = f"{person.username}-x"
        person.save()
    secrets = ("kept going", "HYPERLINK", "-x", str(chat.pk))
    for table in TABLES:
        export = made(people.admin, table, "csv")
        with ZipFile(files.path_of(export.pk)) as archive:
            assert set(archive.namelist()) == {f"{table}.csv", *writers.BESIDE}
            data = archive.read(f"{table}.csv").decode("utf-8-sig")
        body = data.partition("\n")[2]
        assert not [secret for secret in secrets if secret in body], table
        if table not in ("evidence", "audit"):
            assert pseudonym("chat", chat.pk) in body and pseudonym("person", people.volunteer.pk) in body
    consents.choose(people.volunteer, agreed=[])
    for table, described in TABLES.items():
        if described.people:
            assert made(people.admin, table, "csv").rows == 0, table


def test_a_full_file_is_a_right_of_its_own_and_leaves_a_line_of_its_own(practised, people, chat):
    with pytest.raises(PermissionDenied):
        files.request_export(people.admin, table="messages", form="csv", full=True)
    admin = Client()
    admin.force_login(people.admin)
    asked = {"table": "messages", "format": "csv", "full": "1"}
    assert admin.post(reverse("feedback:export-make"), asked).status_code == 403
    with pytest.raises(CommandError):
        call_command("full_export", people.trainer.username)
    call_command("full_export", people.admin.username, verbosity=0)
    people.admin.refresh_from_db()
    export = made(people.admin, "messages", "csv", full=True)
    rows = [dict(zip(*pair, strict=True)) for pair in _pairs(export)]
    assert TEXT in [row["text"] for row in rows]
    assert {row["volunteer"] for row in rows} == {people.volunteer.username}
    address = reverse("feedback:export-file", args=[export.pk])
    assert admin.get(address)["Content-Disposition"].endswith('-full.zip"')
    verbs = ("full_export_given", "export_full_asked", "export_full")
    assert [AuditEvent.objects.filter(verb=verb).count() for verb in verbs] == [1, 1, 1]
    call_command("full_export", people.admin.username, "--end", verbosity=0)
    assert admin.get(address).status_code == 404
    # What its volunteer keeps from trainers is in no file.
    call_command("full_export", people.admin.username, verbosity=0)
    people.admin.refresh_from_db()
    type(chat).objects.update(shared=False)
    assert made(people.admin, "messages", "csv", full=True).rows == 0
    # Nor is a chat that goes on, which its volunteer sees first.
    type(chat).objects.update(shared=True, status="open")
    for table in ("messages", "tags"):
        assert made(people.admin, table, "csv", full=True).rows == 0


@pytest.mark.parametrize("changed", [{"role": "trainer"}, {"is_active": False}])
def test_a_full_file_has_nothing_of_who_is_no_volunteer_any_more(changed, practised, people):
    call_command("full_export", people.admin.username, verbosity=0)
    people.admin.refresh_from_db()
    assert len(_pairs(made(people.admin, "messages", "csv", full=True))) > 0
    User.objects.filter(pk=people.volunteer.pk).update(**changed)
    assert _pairs(made(people.admin, "messages", "csv", full=True)) == []


def _pairs(export):
    header, *rows = writers.read_back(files.path_of(export.pk))
    return [(header, row) for row in rows]


def test_a_worker_writes_it_and_only_who_asked_can_fetch_it_until_its_time_is_over(
    practised, people, drain, settings
):
    admin = Client()
    admin.force_login(people.admin)
    asked = {"table": "tags", "format": "csv", "codes": "labelled", "bom": "1"}
    admin.post(reverse("feedback:exports") + "make/", asked)
    export = Export.objects.get()
    page = admin.get(reverse("feedback:exports")).content.decode()
    assert "hx-get" in page and "<progress" in page
    assert admin.get(reverse("feedback:export-file", args=[export.pk])).status_code == 404
    drain("batch")
    page = admin.get(reverse("feedback:exports"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page and "hx-get" not in page
    assert reverse("feedback:export-file", args=[export.pk]) in page
    assert 'data-said="“Tags” is ready."' in page
    answer = admin.get(reverse("feedback:export-file", args=[export.pk]))
    with ZipFile(io.BytesIO(download(answer))) as archive:
        text = archive.read("tags.csv")
    assert text.startswith(b"\xef\xbb\xbf") and b",Warn," in text
    other = type(people.admin).objects.create_user(username="second", password="x", role="admin")
    with pytest.raises(Http404):
        files.export_for_user(other, export.pk)
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert files.expire() == 1
    assert not files.path_of(export.pk).exists()
    assert admin.get(reverse("feedback:export-file", args=[export.pk])).status_code == 404


def test_three_at_a_time_and_nothing_that_is_no_table(people):
    for _ in range(files.MOST_OPEN):
        files.request_export(people.admin, table="audit", form="csv")
    for table, form in (("audit", "csv"), ("no", "csv"), ("audit", "pdf")):
        with pytest.raises(ValidationError):
            files.request_export(people.admin, table=table, form=form)


def test_a_download_ends_where_the_session_does(practised, people, monkeypatch):
    monkeypatch.setattr("feedback.exports.views.PIECE_BYTES", 100)
    export = made(people.admin, "tags", "csv")
    admin = Client()
    admin.force_login(people.admin)
    answer, got = admin.get(reverse("feedback:export-file", args=[export.pk])), []

    async def read():
        async for part in answer:
            got.append(part)
            await type(people.admin).objects.filter(pk=people.admin.pk).aupdate(role="volunteer")

    with pytest.raises(asyncio.CancelledError):
        async_to_sync(read)()
    assert len(b"".join(got)) == 100 < export.size


def running(export) -> tuple[Job, Context]:
    [row] = Job.objects.filter(kind="export")
    return row, Context(threading.Event())


def test_it_stops_where_the_right_ends_and_begins_anew_where_the_worker_stops(practised, people, drain):
    export = files.request_export(people.admin, table="tags", form="csv")
    row, context = running(export)
    context.stopping.set()
    with pytest.raises(StoppedError):
        job.run([row], context)
    files.expire()  # what is being written stays
    type(people.admin).objects.filter(pk=people.admin.pk).update(role="volunteer")
    drain("batch")
    export.refresh_from_db()
    assert (export.status, files.path_of(export.pk).exists()) == ("stopped", False)
    assert not list(files.folder().glob("*.part"))
    assert AuditEvent.objects.filter(verb="export_stopped").count() == 1


def test_erasing_somebody_takes_finished_files_away_and_begins_unfinished_ones_anew(
    practised, people, monkeypatch
):
    export = made(people.admin, "tags", "csv")
    second = files.request_export(people.admin, table="tags", form="csv")
    real = job.write

    def write(*args, **kwargs):
        erasure.erase_now(people.volunteer, by=None)
        return real(*args, **kwargs)

    monkeypatch.setattr(job, "write", write)
    row = Job.objects.filter(kind="export", subject=str(second.pk)).get()
    monkeypatch.setattr(job, "_look", lambda *args: None)
    [outcome] = job.run([row], Context(threading.Event())).values()
    assert isinstance(outcome, StoppedError)
    export.refresh_from_db()
    assert (export.status, files.path_of(export.pk).exists()) == ("gone", False)


def test_an_erasure_does_not_wait_for_a_file_that_it_would_throw_away(practised, people, drain, monkeypatch):
    monkeypatch.setattr(erasure, "tidy", lambda: None)  # a test's own transaction forbids it
    export = files.request_export(people.admin, table="tags", form="csv")
    row, context = running(export)
    erasure.ask(people.peer, by=people.admin)
    with pytest.raises(StoppedError):
        job.run([row], context)
    queue.hand_back(row)
    drain("batch")
    done = Job.objects.filter(kind__in=("export", erasure.ERASE)).order_by("finished_at")
    assert list(done.values_list("kind", "status")) == [(erasure.ERASE, "done"), ("export", "done")]


def test_no_hash_of_the_audit_chain_leaves_with_pseudonyms(practised, people):
    """It is made of numbers of people in the clear: who tries them finds whom a pseudonym stands for."""
    assert chain.seal() > 0
    export = made(people.admin, "audit", "csv")
    with ZipFile(files.path_of(export.pk)) as archive:
        packed = "".join(archive.read(name).decode("utf-8-sig") for name in archive.namelist())
    hashes = set(AuditEvent.objects.exclude(hash="").values_list("hash", flat=True))
    assert hashes and not [one for one in hashes if one in packed]
    assert "SHA-256" not in packed
    people.admin.may_export_full = True
    people.admin.save()
    header, *rows = writers.read_back(files.path_of(made(people.admin, "audit", "csv", full=True).pk))
    assert hashes <= {row[header.index("hash")] for row in rows}


def test_codebook_and_data_dictionary_name_every_column_once(people):
    admin = Client()
    admin.force_login(people.admin)
    for key, table in TABLES.items():
        names = [column.name for column in table.shown(False)]
        for kind, first in (("codebook", "table"), ("redcap", "Variable / Field Name")):
            answer = admin.get(reverse("feedback:export-codebook", args=[key, kind]))
            header, *rows = csv.reader(io.StringIO(answer.content.decode()))
            assert header[0] == first
            assert [row[kind == "codebook"] for row in rows] == names == list(dict.fromkeys(names))
            assert {len(row) for row in rows} == {len(header)}
        for row in codebook.redcap(table, full=True)[1:]:
            assert row[0].isidentifier() and row[0] == row[0].lower() and len(row[0]) <= 26
    assert admin.get("/exports/no/codebook.csv").status_code == 404
    assert admin.get("/exports/tags/other.csv").status_code == 404


FITS = {
    "integer": re.compile(r"-?\d+"),
    "number": re.compile(r"-?\d+(\.\d+)?(e-?\d+)?"),
    "yesno": re.compile(r"[01]"),
}


@pytest.mark.parametrize("full", [False, True])
def test_what_is_exported_raw_fits_the_data_dictionary_beside_it(full, practised, people):
    """As REDCap reads the two: a record's id first, codes that are choices, figures that are figures."""
    people.admin.may_export_full = True
    people.admin.save()
    checked = 0
    for table in TABLES:
        export = made(people.admin, table, "csv", full=full)
        with ZipFile(files.path_of(export.pk)) as archive:
            dictionary = list(csv.DictReader(io.StringIO(archive.read("redcap_dictionary.csv").decode())))
        header, *rows = writers.read_back(files.path_of(export.pk))
        assert header == [field["Variable / Field Name"] for field in dictionary]
        assert len({row[0] for row in rows}) == len(rows) and all(row[0] for row in rows), table
        for place, field in enumerate(dictionary):
            kind = field["Field Type"]
            choices = dict(
                one.split(", ", 1)
                for one in field["Choices, Calculations, OR Slider Labels"].split(" | ")
                if one
            )
            assert (kind == "dropdown") == bool(choices), field
            assert all(re.fullmatch(r"\w+", code) and word for code, word in choices.items()), field
            shape = FITS.get(field["Text Validation Type OR Show Slider Number"] or kind)
            for value in filter(None, (row[place] for row in rows)):
                assert not choices or value in choices, (table, field["Variable / Field Name"], value)
                assert shape is None or shape.fullmatch(value), (table, field, value)
                checked += bool(choices or shape)
    assert checked > 50


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_no_file_says_that_a_volunteer_may_have_written_of_themselves(form, practised, people, chat):
    people.admin.may_export_full = True
    people.admin.save()
    for role, level in (("counselor", "explicit"), ("seeker", "passive")):
        chat.messages.filter(role=role).update(risk_level=level)
    for full, labelled in ((False, False), (False, True), (True, False), (True, True)):
        export = made(people.admin, "messages", form, full=full, labelled=labelled)
        header, *rows = writers.read_back(files.path_of(export.pk))
        seeker = ("Seeker", "Passive cue") if labelled else ("seeker", "passive")
        told = {(row[header.index("role")], row[header.index("risk_level")] or "") for row in rows}
        assert told == {("Counselor" if labelled else "counselor", ""), seeker}
    lines = {row[1]: row for row in codebook.codebook(TABLES["messages"], full=False)}
    assert "empty for the counselor's" in lines["risk_level"][3] and lines["risk_level"][8] == "2"


def test_the_archive_says_whose_it_is_and_what_people_agreed_to(practised, people):
    words = "Tags of my messages may be used by our university, under a code."
    changing.save({"name": "North Line", "consent": {"research": words}}, by=people.admin, on=0)
    assert made(people.admin, "tags", "csv").rows == 0  # nobody agreed to these words yet
    consents.choose(people.volunteer, agreed=["research"])
    export = made(people.admin, "tags", "csv")
    with ZipFile(files.path_of(export.pk)) as archive:
        told = archive.read("README.txt").decode()
    assert export.rows > 0 and "Made by North Line." in told and words in told


def test_ratings_of_mock_chats_are_a_table_with_steps_counts_and_what_became_of_them(practised, people, chat):
    header, *rows = writers.read_back(files.path_of(made(people.admin, "mock_ratings", "csv").pk))
    withdrawn, standing = (dict(zip(header, row, strict=True)) for row in rows)
    assert {standing[key] for key in KEYS} == {"4"}
    assert (withdrawn["decision"], withdrawn["stands"]) == ("not_yet", "0") and withdrawn["withdrawn_at"]
    assert (standing["decision"], standing["stands"], standing["withdrawn_at"]) == ("signed_off", "1", "")
    assert standing["messages"] == "1" and standing["tagger_version"]
    assert standing["trainer"] == withdrawn["withdrawn_by"] == pseudonym("person", people.trainer.pk)
    assert not {"note", "reason"} & set(header)
    people.admin.may_export_full = True
    people.admin.save()
    header, *rows = writers.read_back(files.path_of(made(people.admin, "mock_ratings", "csv", full=True).pk))
    assert dict(zip(header, rows[0], strict=True))["reason"] == ratings.MockRating.objects.first().reason


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'", "'a", "-", "+1", "@x", "\tx", "\rx", "", "a=1"])
def test_a_cell_that_was_made_safe_comes_back(text):
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain_cell(safe_cell(text)) == text
