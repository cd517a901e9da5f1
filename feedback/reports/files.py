"""The PDF of a report: where it lies, whether it is there, and asking for one.

It is made by a worker (`feedback.reports.pdf`); this part is for the web process and imports nothing heavy.
Files lie in `DATA_DIR/reports/<person>/` and are named by numbers alone. A report that was written again,
or that got another note, has another name: an old file is never shown for a new report.
"""

from __future__ import annotations

import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.db import transaction

from feedback.models import SessionReport, TrainerNote
from peersupport.jobs import queue
from peersupport.jobs.models import Job

REPORT_FILE = "report_file"
FOLDER = "reports"


@cache
def installed() -> bool:
    """Whether the optional WeasyPrint is there; looked for without importing it."""
    return find_spec("weasyprint") is not None


def folder_of(user_id: int) -> Path:
    return settings.DATA_DIR / FOLDER / str(user_id)


def path_of(report: SessionReport, notes: int) -> Path:
    """`notes` is how many trainers' notes the chat has."""
    stamp = int(report.finished_at.timestamp() * 1000) if report.finished_at else 0
    return folder_of(report.chat.volunteer_id) / f"{report.chat_id}-{stamp}-{notes}.pdf"


def number_of_notes(report: SessionReport) -> int:
    return TrainerNote.objects.filter(chat=report.chat_id).count()


def state(report: SessionReport, notes: int) -> str:
    """As `state_of`."""
    return state_of(path_of(report, notes), REPORT_FILE, report.chat_id)


def state_of(path: Path, kind: str, chat_id: object) -> str:
    """Of a PDF that a job of this kind makes of a chat: "off" (not installed), "ready", "making", "failed" or
    "none". At most 1 query."""
    if not installed():
        return "off"
    if path.is_file():
        return "ready"
    newest = Job.objects.filter(kind=kind, subject=str(chat_id)).order_by("-id").first()
    if newest is not None and newest.status in Job.OPEN:
        return "making"
    return "failed" if newest is not None and newest.status == Job.Status.QUARANTINED else "none"


@transaction.atomic
def request_file(report: SessionReport) -> Job:
    """The job that makes the file; asked for twice, there is one."""
    SessionReport.objects.select_for_update().get(pk=report.pk)
    return queue.enqueue_once(REPORT_FILE, report.chat_id)


def forget(user_id: int) -> None:
    """Take all files of a person away; for the erasure."""
    shutil.rmtree(folder_of(user_id), ignore_errors=True)


def forget_chat(chat_id, user_id: int) -> None:
    """Take the files of one chat's report away, half-written ones too."""
    for path in folder_of(user_id).glob(f"{chat_id}-*"):
        path.unlink(missing_ok=True)
