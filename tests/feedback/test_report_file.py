"""The report as a PDF: made by a worker, offered when it is there, gone with its person."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from django.test import Client
from django.urls import reverse

from feedback.inbox.notes import write_note
from feedback.models import SessionReport
from feedback.reports import files, pdf
from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.people import erasure
from peersupport.practice import chats

BODY = {
    "messages": [{"index": 2, "role": "counselor", "text": "You <b>waited</b>.", "tagged": True, "tags": []}],
    "strengths": [],
    "points": [],
    "notices": [],
    "ratios": {},
    "mix": [{"code": "affirm", "name": "Affirm", "share": 0.5, "ci": [0.2, 0.8], "count": 1, "n": 2}],
    "coach": {"text": ""},
    "versions": {"tagger": "tagger-x", "study": "study-y", "report": "r", "alternatives": "a", "coach": None},
    "missing": [{"text": "One message could not be tagged."}],
}


@pytest.fixture(autouse=True)
def folder_of_its_own(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def report(people, chat):
    chats.end_chat(chat)
    Job.objects.all().delete()
    found = SessionReport.objects.get(chat=chat)
    found.status, found.body, found.finished_at = "partial", BODY, chat.created_at
    found.save()
    return found


@pytest.fixture
def volunteer(people) -> Client:
    client = Client()
    client.force_login(people.volunteer)
    return client


@pytest.fixture
def fake_pdf(monkeypatch):
    monkeypatch.setattr(files, "installed", lambda: True)
    monkeypatch.setattr(pdf, "as_pdf", lambda html: b"%PDF-" + html.encode())


def section(client, report) -> str:
    return client.get(reverse("feedback:report", args=[report.chat_id])).content.decode()


def test_it_is_asked_for_made_once_offered_and_noted(volunteer, report, drain, fake_pdf):
    assert "Make a PDF" in section(volunteer, report)
    for _ in range(2):
        volunteer.post(reverse("feedback:report-file-make", args=[report.chat_id]))
    [job] = Job.objects.filter(kind="report_file")
    assert (job.lane, job.subject) == ("coach", str(report.chat_id))
    page = section(volunteer, report)
    assert "The PDF is being made." in page and "The PDF is ready" not in page
    address = reverse("feedback:report", args=[report.chat_id]) + "?file"
    fragment = volunteer.get(address, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith("<section") and 'hx-trigger="every 2s"' in fragment
    assert volunteer.get(reverse("feedback:report-file", args=[report.chat_id])).status_code == 404
    drain("coach")
    fragment = volunteer.get(address, headers={"HX-Request": "true"}).text
    assert 'data-said="The PDF is ready."' in fragment and 'id="file-next"' in fragment
    assert "Download the PDF" in section(volunteer, report)
    answer = volunteer.get(reverse("feedback:report-file", args=[report.chat_id]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith('attachment; filename="report-')
    assert b"You &lt;b&gt;waited" not in answer.content  # a message without a finding is not quoted
    for shown in ("tagger-x", "study-y", "One message could not be tagged.", 'class="bar-fill"'):
        assert shown.encode() in answer.content
    assert AuditEvent.objects.filter(verb="export", object_kind="sessionreport").count() == 1


def test_a_report_that_changed_needs_a_new_file_and_the_old_one_goes(
    volunteer, people, report, drain, fake_pdf
):
    def make():
        volunteer.post(reverse("feedback:report-file-make", args=[report.chat_id]))
        drain("coach")

    make()
    write_note(report.chat, trainer=people.trainer, text="Well waited.")
    assert "Make a PDF" in section(volunteer, report)
    make()
    [file] = files.folder_of(people.volunteer.pk).iterdir()
    assert b"Well waited." in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_a_half_written_file_goes_with_the_chat(people, report, monkeypatch):
    path, other = (files.folder_of(people.volunteer.pk) / f"{name}-1-0.pdf" for name in (report.chat_id, "x"))
    monkeypatch.setattr(pdf.os, "replace", broken)
    with pytest.raises(OSError, match="full"):
        pdf.write_file(path, b"%PDF", older="x*")
    assert list(path.parent.iterdir()) == []
    killed = path.with_name(f"{path.name}.part")
    for file in (killed, other):
        file.write_bytes(b"words")
    files.forget_chat(report.chat_id, people.volunteer.pk)
    assert list(path.parent.iterdir()) == [other]


def broken(*args):
    raise OSError("the disk is full")


def test_a_file_that_cannot_be_made_says_so(volunteer, report, drain, fake_pdf, monkeypatch):
    volunteer.post(reverse("feedback:report-file-make", args=[report.chat_id]))
    Job.objects.update(status=Job.Status.QUARANTINED)
    page = section(volunteer, report)
    assert "The PDF could not be made." in page and "Make a PDF" in page
    assert 'data-said="The PDF could not be made."' in page and 'id="file-next"' in page
    volunteer.post(reverse("feedback:report-file-make", args=[report.chat_id]))
    assert Job.objects.filter(kind="report_file", status__in=Job.OPEN).count() == 1


def test_without_the_library_the_page_says_to_print_it(volunteer, report, monkeypatch):
    monkeypatch.setattr(files, "installed", lambda: False)
    assert "Print this page with your browser" in section(volunteer, report)
    volunteer.post(reverse("feedback:report-file-make", args=[report.chat_id]))
    assert not Job.objects.filter(kind="report_file").exists()


def test_files_go_with_their_person_and_a_late_worker_writes_none(volunteer, people, report, fake_pdf):
    [job] = [files.request_file(report)]
    late = pdf.run([job], None)[job.pk]
    late()
    assert files.state(report, 0) == "ready"
    erasure.erase_now(people.volunteer, by=None)
    late()
    assert not files.folder_of(people.volunteer.pk).exists()


def test_nothing_is_fetched_and_icons_are_inside(people, report):
    html = pdf.as_html(SessionReport.objects.select_related("chat__scenario", "chat__volunteer").get(), [])
    assert "<use" not in html and "@import" not in html
    assert 'href="/' not in html
    with pytest.raises(ValueError, match="nothing from anywhere"):
        pdf._refuse("http://127.0.0.1/")


@pytest.mark.skipif(find_spec("weasyprint") is None, reason="WeasyPrint (the extra `pdf`) is not installed")
def test_weasyprint_makes_a_pdf_of_it(report):
    made = pdf.as_pdf(pdf.as_html(report, []))
    assert made.startswith(b"%PDF-") and made.rstrip().endswith(b"%%EOF")
