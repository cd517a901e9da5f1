"""The report of a chat, and its file."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from feedback.inbox.notes import notes_of
from feedback.models import SessionReport
from feedback.reports import afterwards, files, goals, history, requests, retagged, wordings
from feedback.reports.course import course_of
from feedback.reports.quotes import notices, with_quotes
from peersupport.audit.log import record, record_read
from peersupport.people import access
from peersupport.practice import after


@require_safe
def report(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    chat = access.chat_for_user(request.user, chat_id)
    reports = SessionReport.objects.select_related("chat__after").annotate(**after.signs("chat"))
    found = reports.filter(chat=chat).first()
    fragment = request.htmx and not request.htmx.boosted
    if fragment and "waiting" in request.GET and found and found.status == SessionReport.Status.PENDING:
        return HttpResponse(status=204)  # an earlier report is on the page and stays there
    if not fragment or (found and found.body):  # a page that looks again every second reads nothing yet
        record_read(request.user, found or chat, owner_id=chat.volunteer_id)
    notes = notes_of(chat)
    context = {
        "chat": chat,
        "report": found,
        "body": found.body if found else {},
        "is_own": chat.volunteer_id == request.user.pk,
        "notes": notes,
        "report_page": True,
        "first_answer": access.first_answer_for_user(request.user, chat),
    }
    if not chat.is_open:
        context |= afterwards.context(chat, request.user, found)
    if found:
        found.chat = chat  # with its scenario and volunteer
    if found and found.body:
        context |= with_quotes(found.body) | {"notices": notices(found.body, is_own=context["is_own"])}
        if context["is_own"]:
            context |= wordings.context(chat, request.user, context["points"])
            context |= history.beside_earlier(context["mix"], chat)
            context["goals"] = goals.goals_in_report(chat, found.body)
            context["file_state"] = files.state(found, len(notes))
        if found.status != SessionReport.Status.PENDING:
            context["since"] = retagged.since(found)
        context["course"] = course_of(chat)
        if context["is_own"] and not chat.is_open:
            # Nothing to raise in three messages is no reason for somebody harder.
            flawless = found.body["ratios"].get("enough") and not found.body["points"]
            context["next"] = afterwards.next_for(chat, flawless=flawless, hard=context["was_hard"])
    part = "feedback/_report_file.html" if "file" in request.GET else "feedback/_report_status.html"
    return render(request, part if fragment else "feedback/report.html", context)


@require_POST
def report_retry(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """Write the report again: after it or turns failed, or with the tags as they are corrected now."""
    chat = access.own_chat_for_user(request.user, chat_id)
    if not chat.is_open:
        requests.request_again(chat, by=request.user)
    return redirect("feedback:report", chat.pk)


@require_POST
def report_file_make(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """Ask a worker for the report as a PDF."""
    chat = access.own_chat_for_user(request.user, chat_id)
    found = SessionReport.objects.filter(chat=chat).first()
    if found and found.body and files.state(found, files.number_of_notes(found)) in ("none", "failed"):
        files.request_file(found)
    return redirect(reverse("feedback:report", args=[chat.pk]) + "#file")


@require_safe
def report_file(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """The PDF of the report as it is now; 404 until it is made."""
    chat = access.own_chat_for_user(request.user, chat_id)
    found = SessionReport.objects.select_related("chat").filter(chat=chat).first()
    try:
        content = files.path_of(found, files.number_of_notes(found)).read_bytes() if found else None
    except FileNotFoundError:
        content = None
    if content is None:
        raise Http404
    record(request.user, "export", found)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="report-{chat.created_at:%Y%m%d}.pdf"'
    return response
