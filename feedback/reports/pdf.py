"""The job that turns a session report into a PDF. Workers only: it imports WeasyPrint.

The page is the one on the screen, made of the same templates. Nothing is fetched: style and icons are put
into the page, and every other address is refused.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from feedback.inbox.notes import notes_of
from feedback.models import SessionReport, TrainerNote
from feedback.reports import files, goals
from feedback.reports.analysis_page import static_text, style
from feedback.reports.quotes import notices, with_quotes
from peersupport.jobs.models import Job
from peersupport.practice.models import PracticeChat

# WeasyPrint reads the style of a drawing from inside the drawing only.
_DRAWN = "<style>.bar-fill{fill:#1d5f5a;opacity:.45}.whisker{stroke:#1c1a17;stroke-width:1.2}</style>"


def run(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    return {job.pk: _prepare(job) for job in jobs}


def _prepare(job: Job) -> Callable[[], None]:
    report = SessionReport.objects.select_related("chat__scenario", "chat__volunteer")
    found = report.filter(chat=job.subject).first()
    if found is None or not found.body:  # erased, or not written yet
        return lambda: None
    notes = notes_of(found.chat)
    path, pdf = files.path_of(found, len(notes)), as_pdf(as_html(found, notes))
    return partial(_write, found, path, pdf, [note.pk for note in notes])


def as_html(report: SessionReport, notes: list) -> str:
    """One page that needs nothing beside it, with times in the volunteer's own zone."""
    chat = report.chat
    context = {
        "chat": chat,
        "report": report,
        "body": report.body,
        "goals": goals.goals_in_report(chat, report.body),
        "notes": notes,
        **with_quotes(report.body),
        "notices": notices(report.body, is_own=True),
        # Our own files, not a person's text.
        "style": mark_safe(style()),  # noqa: S308
    }
    with timezone.override(zone_of(chat)):
        html = render_to_string("feedback/report_file.html", context)
    return self_contained(html)


def zone_of(chat: PracticeChat) -> ZoneInfo:
    """The volunteer's own."""
    try:
        return ZoneInfo(chat.volunteer.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def self_contained(html: str) -> str:
    """The page with icons drawn inside and without addresses of the site."""
    html = re.sub(r'<use href="[^"#]*#([a-z-]+)"></use>', lambda found: _symbols()[found[1]], html)
    html = re.sub(r'(<svg viewBox="0 0 100 20"[^>]*>)', rf"\1{_DRAWN}", html)
    return re.sub(r'(<a\b[^>]*?)\shref="/[^"]*"', r"\1", html)  # addresses of the site lead nowhere on paper


@cache
def _symbols() -> dict[str, str]:
    """{name: drawing} of the icons; a PDF cannot look them up in another file."""
    found = re.findall(r'<symbol id="([a-z-]+)"[^>]*>(.*?)</symbol>', static_text("icons.svg"), re.S)
    return dict(found)


def as_pdf(html: str) -> bytes:
    """The bytes of a PDF of one self-contained page. Nothing is fetched: what the page refers to is missing
    in it. Raises ImportError without weasyprint, or OSError without the libraries that it draws with."""
    from weasyprint import HTML

    for name in (
        "weasyprint",
        "weasyprint.progress",
        "fontTools",
    ):  # too talkative
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return HTML(string=html, url_fetcher=_refuse).write_pdf()


def _refuse(url: str, *args, **kwargs):
    raise ValueError("a report needs nothing from anywhere")


def _write(report: SessionReport, path: Path, pdf: bytes, notes: Sequence[int]) -> None:
    """Runs inside the closing transaction: an erasure waits for it, or has come before it. A file with a note
    that was taken back meanwhile is none."""
    if not PracticeChat.objects.select_for_update().filter(pk=report.chat_id).exists():
        return
    if set(notes) - set(TrainerNote.objects.filter(chat=report.chat_id).values_list("pk", flat=True)):
        return
    write_file(path, pdf, older=f"{report.chat_id}-*.pdf")


def write_file(path: Path, pdf: bytes, *, older: str) -> None:
    """Put the file in place at once, readable by us alone, and take away those that `older` fits."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")  # so that who takes a chat's files away finds it
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pdf)
        for old in path.parent.glob(older):
            old.unlink(missing_ok=True)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
