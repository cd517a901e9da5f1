"""An admin's own study in the product: files come, are checked, run, and go; nobody else's business."""

from __future__ import annotations

import importlib
import json
import os
import threading
from datetime import timedelta

import pandas as pd
import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.evidence.study import messages, pipeline
from feedback.evidence.study.problems import Problems
from feedback.models import EvidenceStudy, StudyImport
from feedback.study_imports import files, jobs, runs
from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from skills.tagger import load_tagger
from tests.feedback.study_imports import ASSESSMENTS, CHATS, RESULT, finished_import

NEW = "/studies/new/"


@pytest.fixture
def admin(people, settings, tmp_path) -> Client:
    settings.DATA_DIR = tmp_path
    client = Client()
    client.force_login(people.admin)
    return client


def bring(client: Client, row: StudyImport | None = None, **texts: str | tuple[str, bytes]):
    data = {"import": row.pk} if row else {}
    for name, given in texts.items():
        file, content = given if isinstance(given, tuple) else (f"{name}.csv", given.encode())
        data[name] = SimpleUploadedFile(file, content)
    return client.post(NEW, data)


def brought(client: Client, **texts) -> StudyImport:
    assert bring(client, **({"assessments": ASSESSMENTS, "chats": CHATS} | texts)).status_code == 302
    return StudyImport.objects.get()


def step(client: Client, row: StudyImport, name: str, **fields):
    address = reverse("feedback:study-import-step", args=[row.pk])
    return client.post(address, {"step": name, **fields}, follow=True).content.decode()


def page(client: Client, row: StudyImport, **headers) -> str:
    return client.get(reverse("feedback:study-import", args=[row.pk]), headers=headers).content.decode()


def verbs() -> list[str]:
    return list(
        AuditEvent.objects.filter(verb__startswith="study_").order_by("id").values_list("verb", flat=True)
    )


@pytest.fixture
def quick(monkeypatch):
    """The pipeline's answer without its work."""
    answer = json.loads(json.dumps(RESULT))
    monkeypatch.setattr(
        jobs, "run", lambda tables, spec, report, *more: (report(0.5, "half"), (answer, Problems()))[1]
    )
    return answer


def test_files_come_are_checked_run_and_go(admin, drain, quick, django_capture_on_commit_callbacks):
    bad = ASSESSMENTS + "s1,PHQ-2,2026-03-01,9\ns1,BDI,2026-03-01,4\n"
    row = brought(admin, assessments=bad)
    assert "being checked" in page(admin, row)
    drain("batch")
    seen = page(admin, row)
    assert "2 rows or cells have a problem" in seen and "outside the range of PHQ-2" in seen
    assert "<td>2026-01-01</td>" in seen and "read as <strong>UTC</strong>" in seen and "14 rows" in seen
    answer = admin.get(reverse("feedback:study-import-errors", args=[row.pk]))
    lines = b"".join(answer).decode().splitlines()
    assert len(lines) == 3 and lines[2].startswith("assessments,14,score,")
    assert "is running" in step(admin, row, "run", version="2026.1")
    with django_capture_on_commit_callbacks(execute=True):
        drain("batch")
    row.refresh_from_db()
    assert (str(row.study), row.seen, row.study.kind) == ("own 2026.1", "", "own")
    kept = row.study.provenance
    assert (kept["way"], kept["data_sha256"]) == ("page", row.result["data_sha256"])
    assert kept["tagger_version"] == "tagger-1" and kept["spec"] == row.result["spec"]
    assert not files.folder_of(row.pk).exists()
    assert "Report and plots" in admin.get(reverse("feedback:studies")).content.decode()
    report = admin.get(reverse("feedback:study-report", args=[row.pk])).content.decode()
    assert "Associations, not causes" in report and "Partly done." in report and "<svg" in report
    result = admin.get(reverse("feedback:study-import", args=[row.pk])).content.decode()
    assert all("Empathy, PHQ-2:" in page for page in (result, report))
    assert 'class="plots scroll"' in report and 'class="plot ' not in report  # cells are narrow
    assert verbs() == ["study_upload", "study_run"]
    assert "cannot be changed" in bring(admin, row, chats=CHATS).content.decode()


def test_the_study_itself_runs_as_a_job_and_says_how_far_it_is(admin, drain, monkeypatch):
    """The real pipeline on a handful of rows: nothing can be estimated, and everything says so."""
    row = brought(admin)
    drain("batch")
    told = []
    monkeypatch.setattr(
        queue, "checkpoint", lambda job, **how: told.append((how["progress"], how["state"]["stage"]))
    )
    step(admin, row, "run", version="1")
    drain("batch")
    row.refresh_from_db()
    assert row.study is None and row.result["partial"] and "No technique could be tested" in row.error
    assert (0.0, "reading assessments") in told and told[-1] == (0.95, "writing the report")
    assert row.result["data_sha256"] == pipeline.Files(*files.brought(row.pk).values()).digest()
    assert "No technique could be tested" in page(admin, row)
    assert files.brought(row.pk)  # kept, to be mended or run again


def test_a_mistake_loses_nothing(admin, drain):
    assert bring(admin).status_code == 400
    bring(admin, assessments=ASSESSMENTS)
    row = StudyImport.objects.get()
    assert "A file that is needed is missing" in page(admin, row) and not Job.objects.exists()
    answer = bring(admin, row, chats=("chats.xlsx", b"PK"))
    assert answer.status_code == 400 and "only CSV and Parquet" in answer.content.decode()
    bring(admin, row, chats="chat_id,seeker_id\nc1,s1\n")
    drain("batch")
    assert ">Chats.csv lacks the column start" in page(admin, row)
    assert "found good" in step(admin, row, "run", version="1")
    bring(admin, row, chats=CHATS, spec=("study.toml", b'timezone = "Europe/Vienna"'))
    drain("batch")
    assert "Europe/Vienna" in page(admin, row) and "Checked: a study can run." in page(admin, row)
    assert set(files.brought(row.pk)) == {"assessments", "chats", "spec"}


def test_techniques_that_the_chats_do_not_count_are_named_before_the_run(admin, drain):
    row = brought(admin)  # they count technique:affirm alone
    drain("batch")
    seen = page(admin, row)
    assert "hold no counts of Emotional Reactions, Interpretations, Exploration." in seen
    assert "<code>technique:emotional_reactions</code>" in seen and "Checked: a study can run." in seen
    assert "counts of Question" not in seen  # one of the family is there
    bring(admin, row, chats=CHATS.replace("technique:affirm", "technique:explorations"))
    drain("batch")
    assert "hold no counts of Question, Reflection, Affirm" in page(admin, row)


def test_parquet_is_refused_at_once_where_nothing_reads_it(admin, monkeypatch):
    offer = "CSV or Parquet"
    assert offer in admin.get(reverse("feedback:study-new")).content.decode()
    monkeypatch.setattr(files, "reads_parquet", lambda: False)
    answer = bring(admin, assessments=("a.parquet", b"PAR1"), chats=("c.pq", b"PAR1"))
    assert answer.status_code == 400
    said = answer.content.decode()
    assert "Assessments: Parquet files cannot be read here" in said and "Chats: Parquet" in said
    assert offer not in said and ".parquet" not in said
    assert not StudyImport.objects.exists()


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        ("spec", ("a.toml", b"nonsense = 1"), "does not know"),
        ("spec", ("a.toml", b"bootstrap = 2.5"), "bootstrap is '2.5'; expected is"),
        ("spec", ("a.toml", b"suppress = 1"), "Leave the line out for 10"),
        ("spec", ("a.toml", b'[instruments."A name that is too long"]\nlow=0\nhigh=9'), "Shorten it"),
        ("chats", ("c.parquet", b"PAR1"), "no Parquet file"),
        ("chats", ("c.csv", b"\xff\xfe\x00"), "not in UTF-8"),
        ("assessments", ("a.csv", ASSESSMENTS[:55].encode()), ">No seeker has two assessments"),
    ],
)
def test_what_is_wrong_is_said_in_words(admin, drain, field, given, words):
    row = brought(admin, **{field: given})
    drain("batch")
    assert words in page(admin, row).replace("&#x27;", "'")
    assert Job.objects.get().status == Job.Status.DONE


def test_too_much_is_refused_and_leaves_nothing(admin, settings):
    settings.STUDY_UPLOAD_MB = 1
    answer = bring(admin, assessments=("a.csv", b"x" * (1024 * 1024 + 1)))
    assert answer.status_code == 413 and "longer than 1 MB" in answer.content.decode()
    assert not StudyImport.objects.exists()
    assert list((settings.DATA_DIR / files.FOLDER).glob(".part-*")) == []


def test_a_cancelled_run_writes_nothing_and_can_be_run_again(admin, drain, quick):
    row = brought(admin)
    drain("batch")
    step(admin, row, "run", version="2026.1")
    [job] = queue.claim("batch", "test")
    assert "Cancelled: nothing was written" in step(admin, row, "cancel")
    running.run_claimed([job], running.Context(threading.Event()))
    row.refresh_from_db()
    assert (row.found, row.error, row.study) == ("", "", None)
    assert "nothing to cancel" in step(admin, row, "cancel")
    assert "is running" in step(admin, row, "run", version="2026.1")
    step(admin, row, "run", version="2026.1")  # a double click
    assert Job.objects.filter(kind=runs.RUN, status__in=Job.OPEN).count() == 1
    drain("batch")
    assert EvidenceStudy.objects.filter(slug="own").count() == 1


def test_a_study_runs_on_the_files_that_were_checked_or_not_at_all(admin, drain, monkeypatch):
    row = brought(admin)
    drain("batch")
    step(admin, row, "run", version="2026.1")
    chats_file = files.folder_of(row.pk) / "chats.csv"
    other = CHATS.replace("c0", "d0")
    chats_file.write_text(other)
    drain("batch")
    assert "not those that were checked" in page(admin, row)
    step(admin, row, "check")
    drain("batch")
    made = pipeline.run

    def changed_meanwhile(*given):
        found = made(*given)
        chats_file.write_text(CHATS)
        return found

    monkeypatch.setattr(jobs, "run", changed_meanwhile)
    step(admin, row, "run", version="2026.1")
    drain("batch")
    row.refresh_from_db()
    assert "not those that were checked" in row.error and not row.found


def test_files_are_not_changed_under_a_study_that_began_meanwhile(admin, drain, monkeypatch):
    row = brought(admin)
    drain("batch")
    cancelled = runs._cancel_open

    def then_somebody_runs_it(found):
        cancelled(found)
        queue.enqueue(runs.RUN, found.pk)

    monkeypatch.setattr(runs, "_cancel_open", then_somebody_runs_it)
    answer = bring(admin, row, chats=CHATS.replace("c0", "d0"))
    assert answer.status_code == 400 and "cannot be changed any more" in answer.content.decode()
    assert "c0" in (files.folder_of(row.pk) / "chats.csv").read_text()


def test_a_killed_worker_begins_anew_and_a_late_one_doubles_nothing(admin, drain, quick):
    row = brought(admin)
    drain("batch")
    step(admin, row, "run", version="2026.1")
    [late] = queue.claim("batch", "killed")
    Job.objects.filter(pk=late.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    assert queue.sweep() == 1
    Job.objects.filter(pk=late.pk).update(available_at=timezone.now() - timedelta(seconds=1))
    drain("batch")
    running.run_claimed([late], running.Context(threading.Event()))
    assert EvidenceStudy.objects.filter(slug="own").count() == 1
    assert Job.objects.get(pk=late.pk).status == Job.Status.DONE


def test_a_stopped_worker_hands_the_run_back(admin, drain, quick):
    row = brought(admin)
    drain("batch")
    step(admin, row, "run", version="2026.1")
    stopping = threading.Event()
    stopping.set()
    running.run_claimed(queue.claim("batch", "test"), running.Context(stopping))
    job = Job.objects.get(kind=runs.RUN)
    assert (job.status, job.attempts) == (Job.Status.QUEUED, 0)


def test_an_error_nobody_foresaw_is_set_aside_and_shown(admin, drain, monkeypatch):
    row = brought(admin)
    Job.objects.update(attempts=9)
    monkeypatch.setattr(jobs, "check", lambda *given: 1 / 0)
    drain("batch")
    assert "set aside after repeated failures (builtins.ZeroDivisionError)" in page(admin, row)


def test_a_version_that_is_there_is_refused_before_and_after(admin, drain, quick):
    row = brought(admin)
    drain("batch")
    step(admin, row, "run", version="2026.1")
    EvidenceStudy.objects.create(slug="own", version="2026.1", kind="own", title="x", content_sha256="0")
    drain("batch")
    assert "Run it again under another version" in page(admin, row)
    assert "Name another version" in step(admin, row, "run", version="2026.1")
    assert "Name the version" in step(admin, row, "run", version="2026 spring")
    assert "without spaces, 32 at most: 2026.1 or 2026-spring" in page(admin, row)
    step(admin, row, "run", version="2026.2")
    drain("batch")
    assert EvidenceStudy.objects.filter(slug="own").count() == 2


def test_the_page_looks_again_by_itself_and_by_reload(admin, drain):
    row = brought(admin)
    part = page(admin, row, HX_Request="true")
    assert 'hx-trigger="every 3s"' in part and "<h1" not in part and "Look again" in part
    # Files that were chosen would go with the page that comes anew.
    assert "upload one in place" not in page(admin, row)
    AuditEvent.objects.filter(verb="read").delete()
    drain("batch")
    assert "upload one in place" in page(admin, row)
    AuditEvent.objects.filter(verb="read").delete()
    answer = admin.get(reverse("feedback:study-import", args=[row.pk]), headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    assert AuditEvent.objects.filter(verb="read").count() == 0  # looking how far it is reads nothing
    assert 'data-said="Checked: a study ' in page(admin, row)


def test_files_go_when_told_and_when_forgotten(admin, drain):
    row = brought(admin)
    assert "tick the box" in step(admin, row, "erase") and files.brought(row.pk)
    assert "Deleted" in step(admin, row, "erase", sure="1")
    assert not files.folder_of(row.pk).exists() and not StudyImport.objects.exists()
    drain("batch")  # the check finds nobody there
    kept, old, with_report = brought(admin), finished_import(found=""), finished_import()
    drain("batch")
    long_ago = timezone.now() - timedelta(days=settings.STUDY_KEEP_DAYS, seconds=1)
    StudyImport.objects.filter(pk__in=[old.pk, with_report.pk]).update(changed_at=long_ago)
    orphan = files.folder_of(old.pk).with_name(".part-x")
    orphan.mkdir()
    os.utime(orphan, (0, 0))
    assert runs.forget() == 2
    assert {path.name for path in orphan.parent.iterdir()} == {str(kept.pk)}
    assert page(admin, with_report).count("The files are deleted") == 0  # its report stands first
    assert not StudyImport.objects.filter(pk=old.pk).exists()


def test_imports_on_the_way_are_told_apart_by_what_was_read(admin, drain):
    brought(admin)
    drain("batch")
    bring(admin, assessments=ASSESSMENTS)
    listed = admin.get(reverse("feedback:studies")).content.decode()
    assert "Assessments: 12 rows, Chats: 3 rows" in listed and listed.count(" rows") == 2


def test_only_so_many_imports_hold_files(admin):
    for _ in range(runs.MOST):
        finished_import()
    assert "Five imports" in bring(admin, chats=CHATS).content.decode()


def test_without_its_token_nothing_is_kept(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.admin)
    assert bring(client, chats=CHATS).status_code == 403
    assert not StudyImport.objects.exists()
    assert list((settings.DATA_DIR / files.FOLDER).glob(".part-*")) == []


def test_the_templates_that_the_page_offers_can_be_read(admin, drain):
    folder = settings.BASE_DIR / "docs" / "samples"
    given = {n: (f"{n}.csv", (folder / f"study_{n}.csv").read_bytes()) for n in files.TABLES}
    said = given.pop("messages")
    row = brought(admin, **given, spec=("study.toml", (folder / "study.toml").read_bytes()))
    drain("batch")
    row.refresh_from_db()
    assert row.preview["errors"] == [] and row.preview["problems"] == 0 and row.preview["notices"] == []
    assert row.preview["timezone"] == "Europe/London"
    chats = pd.read_csv(folder / "study_chats.csv")
    chats = chats.drop(columns=[name for name in chats if name.startswith("technique:")])
    step(admin, row, "drop", file="spec")  # it names another tagger
    bring(admin, row, chats=chats.to_csv(index=False), messages=said)
    drain("batch")
    row = StudyImport.objects.get()
    assert row.preview["errors"] == [] and row.preview["problems"] == 0
    assert row.preview["tables"]["messages"]["rows"] == 6


SAID = "chat_id,role,text\n" + "".join(
    f"c{n},seeker,SECRET I cannot sleep.\nc{n},counselor,SECRET what keeps you awake?\n" for n in range(3)
)
PLAIN = (
    CHATS.replace(",technique:affirm", "").replace(",0\n", "\n").replace(",1\n", "\n").replace(",2\n", "\n")
)


def test_messages_are_tagged_in_the_run_and_shown_nowhere(admin, drain, monkeypatch):
    row = brought(admin, chats=PLAIN, messages=SAID)
    drain("batch")
    row.refresh_from_db()
    version = load_tagger().version
    seen = page(admin, row)
    assert "SECRET" not in seen + row.seen and "<td>28 characters</td>" in seen
    assert f"are counted by {version} when the study runs" in seen and "hold no counts" not in seen
    asked = []

    def tag(batch):
        asked.extend(batch)
        return [{"open_question": 1}] * len(batch)

    monkeypatch.setattr(jobs, "tag_with", lambda tagger: tag)
    told = []
    monkeypatch.setattr(queue, "checkpoint", lambda job, **how: told.append(how["state"]["stage"]))
    step(admin, row, "run", version="1")
    drain("batch")
    row.refresh_from_db()
    assert asked == [("SECRET what keeps you awake?", "SECRET I cannot sleep.")] * 3
    assert "3 messages read" in told and "SECRET" not in row.found + row.error
    assert row.result["tagger_version"] == row.result["spec"]["tagger_version"] == version
    assert row.result["counted"]["question"] and row.result["spec"]["tagger_f1"]["open_question"] > 0.8


def test_messages_of_another_tagger_are_refused_at_the_check(admin, drain):
    other = b'[tagger]\nversion = "another"'
    row = brought(admin, chats=PLAIN, messages=SAID, spec=("study.toml", other))
    drain("batch")
    assert "names the tagger another" in page(admin, row)
    assert "found good" in step(admin, row, "run", version="1")


def test_no_part_of_a_message_is_shown_where_columns_are_shifted(admin, drain):
    row = brought(admin, chats=PLAIN, messages="chat_id,role,text\nc0,seeker,SECRET one, SECRET two\n")
    drain("batch")
    row.refresh_from_db()
    assert "line 2 has more cells than line 1 has names" in page(admin, row)
    bring(admin, row, messages="chat_id,text,role\nc0,seeker,SECRET one\nc0,counselor,SECRET two\n")
    drain("batch")
    seen = page(admin, row)
    assert "not known, 10 characters" in seen and "SECRET" not in seen
    bring(admin, row, messages="chat_id,role,text\nSECRET one,counselor,c0\n")
    drain("batch")
    seen = page(admin, row)
    assert "no id, 10 characters" in seen and "SECRET" not in seen
    assert "SECRET" not in StudyImport.objects.get().seen


def test_what_is_wrong_with_other_tables_is_said_beside_messages(admin, drain):
    row = brought(admin, assessments=ASSESSMENTS.replace("PHQ-2", "PHQ2"), chats=PLAIN, messages=SAID)
    drain("batch")
    seen = page(admin, row)
    assert "Assessments: instrument is not known: <" not in seen and "instrument is not known: 12" in seen
    bring(admin, row, assessments=ASSESSMENTS, chats=PLAIN.replace("2026-01-", "01/"), messages=SAID)
    drain("batch")
    assert "start is no ISO date: 3" in page(admin, row)


def test_a_run_of_many_messages_gives_way_and_goes_on(admin, drain, monkeypatch):
    """Stopped after every batch, it tags each message once."""
    monkeypatch.setattr(messages, "BATCH", 1)
    row = brought(admin, chats=PLAIN, messages=SAID)
    drain("batch")
    asked = []

    def tag(batch):
        asked.extend(batch)
        return [{"open_question": 2}] * len(batch)

    monkeypatch.setattr(jobs, "tag_with", lambda tagger: tag)
    monkeypatch.setattr(running.Context, "gives_way", lambda *given: len(asked) < 3)
    step(admin, row, "run", version="1")
    for _ in range(3):
        running.run_claimed(queue.claim("batch", "test"), running.Context(threading.Event()))
    kept = Job.objects.get(kind=runs.RUN)
    assert (kept.status, kept.attempts) == (Job.Status.DONE, 1)
    row.refresh_from_db()
    # The chat that a stop broke into is read again, and no other.
    assert len(asked) == 5 and row.result["counted"]["question"]
    counted = files.folder_of(row.pk) / files.COUNTED
    assert counted.is_file() and b"SECRET" not in counted.read_bytes()
    bring(admin, row, chats=PLAIN)
    assert not counted.exists()


def test_a_file_brought_by_mistake_is_taken_out(admin, drain):
    row = brought(admin, messages=SAID)  # the chats count techniques
    drain("batch")
    assert "leave one of the two out" in page(admin, row)
    long_ago = timezone.now() - timedelta(days=3)
    StudyImport.objects.update(changed_at=long_ago)
    said = step(admin, row, "drop", file="messages")
    assert "being checked" in said and "Taken out: Messages." in said
    assert StudyImport.objects.get().changed_at == long_ago  # the others go when they would have gone
    assert set(files.brought(row.pk)) == {"assessments", "chats"}
    drain("batch")
    assert "Checked: a study can run." in page(admin, row)
    assert "upload another file in their place" in step(admin, row, "drop", file="chats")
    for name in ("messages", "seekers", "../chats", ""):
        assert "not there any more" in step(admin, row, "drop", file=name)
    assert verbs() == ["study_upload", "study_drop"]
    (files.folder_of(row.pk) / "providers.csv").write_text("provider_id\n")
    StudyImport.objects.update(found=json.dumps(RESULT))
    assert "There is a report of these files" in step(admin, row, "drop", file="providers")
    assert ">Take out<" not in page(admin, row)
    StudyImport.objects.update(found="")
    queue.enqueue(runs.RUN, row.pk)
    (files.folder_of(row.pk) / "seekers.csv").write_text("seeker_id\n")
    assert "cannot be changed any more" in step(admin, row, "drop", file="seekers")
    assert "seekers" in files.brought(row.pk)


def test_errors_csv_holds_no_cell_and_no_formula(tmp_path):
    problems = Problems()
    problems.add("chats", 2, "=cmd|x", "is no number", "Mend it.")
    problems.write(tmp_path / "e.csv")
    assert (tmp_path / "e.csv").read_text().splitlines()[1] == "chats,2,'=cmd|x,is no number,Mend it."


def test_studies_that_the_page_made_before_get_their_provenance(content):
    study = EvidenceStudy.objects.create(slug="own", version="1", kind="own", title="x", content_sha256="0")
    finished_import(study=study)
    importlib.import_module("feedback.migrations.0013_study_provenance").fill(apps, None)
    study.refresh_from_db()
    assert study.provenance["data_sha256"] == "0" * 64 and study.provenance["way"] == "page"
    assert EvidenceStudy.objects.get(slug="yang2024").provenance == {}
