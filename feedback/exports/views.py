"""The admin's exports: ask for a file, see how far it is, fetch it while it is there; codebooks."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from feedback.exports import codebook, files, writers
from feedback.exports.at_once import ExportStopped, tags_csv
from feedback.exports.rows import agreed
from feedback.exports.tables import TABLES
from feedback.models import Export
from feedback.reports import files as pdf
from peersupport.audit.log import record
from peersupport.jobs.models import Job
from peersupport.people import access
from peersupport.people.models import Role, User
from peersupport.people.sessions import give_back, session_holds

_STOPPED = ""
SHOWN = 20
PIECE_BYTES = 1024 * 1024


def _list(request: HttpRequest) -> dict:
    """The newest files with how far each is. 2 queries."""
    rows = list(files.exports_for_user(request.user)[:SHOWN])
    waiting = [str(row.pk) for row in rows if row.status == Export.Status.WAITING]
    jobs = Job.objects.filter(kind=files.EXPORT, subject__in=waiting) if waiting else ()
    progress = {job.subject: job.progress for job in jobs}
    for row in rows:
        row.table_title = TABLES[row.table].title if row.table in TABLES else row.table
        row.progress = progress.get(str(row.pk), 0)
        row.may = row.status == Export.Status.READY and files.may_export(request.user, full=row.full)
    return {"files": rows, "waiting": bool(waiting)}


@require_safe
@access.role_required(Role.ADMIN)
def exports(request: HttpRequest) -> HttpResponse:
    """With htmx only the list of files, while one of them is being written."""
    context = _list(request)
    if request.htmx and not request.htmx.boosted:
        return render(request, "feedback/_export_files.html", context)
    agreeing, of = agreed()
    context |= {
        "agreeing": agreeing,
        "volunteers": of,
        "tables": TABLES.values(),
        "formats": [one for one in Export.Format.choices if one[0] != Export.Format.PDF or pdf.installed()],
        "may_full": request.user.may_export_full,
    }
    return render(request, "feedback/exports.html", context)


@require_POST
@access.role_required(Role.ADMIN)
def export_make(request: HttpRequest) -> HttpResponse:
    """Ask a worker for a file; a full one needs the right of its own (403 without)."""
    try:
        files.request_export(
            request.user,
            table=request.POST.get("table", ""),
            form=request.POST.get("format", ""),
            labelled=request.POST.get("codes") == "labelled",
            full="full" in request.POST,
            bom="bom" in request.POST,
        )
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("The file is being written. You can leave this page meanwhile."))
    return redirect("feedback:exports")


@require_safe
@access.role_required(Role.ADMIN)
def export_file(request: HttpRequest, export_id: uuid.UUID) -> HttpResponse:
    """The finished file, until its time is over; each download leaves a line."""
    export = files.export_for_user(request.user, export_id)
    try:
        if export.status != Export.Status.READY:
            raise Http404
        content = files.path_of(export.pk).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    record(request.user, "export_full" if export.full else "export", export)
    response = StreamingHttpResponse(_pieces(request, export, content), content_type="application/zip")
    name = f"peersupport-{export.table}-{export.finished_at:%Y%m%d}{'-full' if export.full else ''}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _may_go_on(request: HttpRequest, export: Export) -> bool:
    """The session is bound to role and account; the right to full files is apart, and read anew as well."""
    if not session_holds(request):
        return False
    user = User.objects.filter(pk=request.user.pk).first() if export.full else request.user
    return user is not None and files.may_export(user, full=export.full)


async def _pieces(request: HttpRequest, export: Export, content: BinaryIO) -> AsyncIterator[bytes]:
    """The file piece by piece, each read when the one before is sent, and not if the session or the right to
    it ended meanwhile. (Django would read a plain file to its end before sending any of it.)"""

    @sync_to_async
    def following() -> bytes | None:
        try:
            return content.read(PIECE_BYTES) if _may_go_on(request, export) else None
        finally:
            give_back()

    with content:
        while piece := await following():
            yield piece
    if piece is None:
        raise asyncio.CancelledError  # cuts the connection: no reader takes the rest for the whole


@require_safe
@access.role_required(Role.ADMIN)
def export_codebook(request: HttpRequest, table: str, kind: str) -> HttpResponse:
    """What a table's columns mean, without its data: `codebook` or `redcap`."""
    if table not in TABLES or kind not in ("codebook", "redcap"):
        raise Http404
    rows = getattr(codebook, kind)(TABLES[table], full=False)
    record(request.user, "export")
    response = HttpResponse(writers.table_text(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{table}-{kind}.csv"'
    return response


@require_safe
@access.role_required(Role.ADMIN)
def export_tags(request: HttpRequest) -> HttpResponse:
    """The tags of all chats as CSV, streamed; pseudonyms instead of people, and no message text."""
    record(request.user, "export")
    blocks = _while_allowed(request)
    response = StreamingHttpResponse(blocks, content_type="text/csv; charset=utf-8")
    name = f"peersupport-tags-{timezone.now():%Y%m%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _while_allowed(request: HttpRequest) -> AsyncIterator[str]:
    """The export block by block, so that each is read when the one before is sent, and not if the
    session ended meanwhile. (Django would read a plain iterator to its end before sending any of it.)"""
    blocks = tags_csv(allowed=lambda: session_holds(request))

    @sync_to_async
    def following() -> str | None:
        try:
            return next(blocks, None)
        except ExportStopped:
            record(request.user, "export_stopped")
            return _STOPPED
        finally:
            give_back()

    while (block := await following()) is not None:
        if block == _STOPPED:
            # Django takes this for a reader who left: the connection is cut before the mark that the
            # file is whole, and nothing is logged as a fault.
            raise asyncio.CancelledError
        yield block
