"""The job that turns a certificate into a PDF. Workers only: it imports WeasyPrint when it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from feedback.models import MockRating
from feedback.reports import pdf
from feedback.reports.analysis_page import style
from feedback.signoff import certificate
from peersupport.jobs.models import Job
from peersupport.practice.models import PracticeChat


def run(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    return {job.pk: _prepare(job) for job in jobs}


def _prepare(job: Job) -> Callable[[], None]:
    chat = PracticeChat.objects.select_related("scenario", "volunteer").filter(pk=job.subject).first()
    found = certificate.standing_of(chat) if chat else []
    if not found:  # erased, or withdrawn meanwhile
        return lambda: None
    return partial(_write, chat, found, pdf.as_pdf(as_html(chat, found)))


def as_html(chat: PracticeChat, found: list[MockRating]) -> str:
    """One page that needs nothing beside it, with times in the volunteer's own zone."""
    # Our own files, not a person's text.
    context = {**certificate.context(chat, found), "style": mark_safe(style())}  # noqa: S308
    with timezone.override(pdf.zone_of(chat)):
        return pdf.self_contained(render_to_string("feedback/certificate_file.html", context))


def _write(chat: PracticeChat, found: list[MockRating], made: bytes) -> None:
    """Runs inside the closing transaction: an erasure waits for it, or has come before it."""
    if not PracticeChat.objects.select_for_update().filter(pk=chat.pk).exists():
        return
    path = certificate.path_of(chat, found)
    pdf.write_file(path, made, older=f"certificate-{chat.pk}-*.pdf")
