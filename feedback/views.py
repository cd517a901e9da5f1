"""Pages of feedback: the session report, the evidence behind techniques, the admin's exports."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

from asgiref.sync import sync_to_async
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from feedback import studies
from feedback.evidence import besides
from feedback.evidence.cards import evidence_card as build_card
from feedback.evidence.grades import LOOKS
from feedback.evidence.study.as_evidence import FAILED
from feedback.exports.at_once import ExportStopped, tags_csv
from feedback.inbox.notes import notes_of
from feedback.models import SessionReport
from feedback.reports import afterwards, files, goals, history, requests, retagged, wordings
from feedback.reports.course import course_of
from feedback.reports.quotes import with_quotes
from peersupport.audit.log import record, record_read
from peersupport.people import access
from peersupport.people.models import Role
from peersupport.people.sessions import give_back, session_holds
from peersupport.practice import after
from peersupport.practice.models import Message
from skills import packing
from skills.models import Tagging
from skills.review.disputes import dispute_form
from skills.tagger.card import measured_codes
from skills.taxonomy import EMPATHY, TECHNIQUES

_STOPPED = ""


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
        context |= with_quotes(found.body)
        if context["is_own"]:
            context |= wordings.context(chat, request.user, context["points"])
            context |= history.beside_earlier(context["mix"], chat)
            context["goals"] = goals.goals_in_report(chat, found.body)
            context["file_state"] = files.state(found, len(notes))
        if found.status != SessionReport.Status.PENDING:
            context["retagged"] = retagged.since(found)
        context["course"] = course_of(chat)
        if context["is_own"] and not chat.is_open:
            # Nothing to raise in three messages is no reason for somebody harder.
            flawless = found.body["ratios"].get("enough") and not found.body["points"]
            context["next"] = afterwards.next_for(chat, flawless=flawless, hard=context["was_hard"])
    part = "feedback/_report_file.html" if "file" in request.GET else "feedback/_report_status.html"
    return render(request, part if fragment else "feedback/report.html", context)


@require_POST
def report_retry(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """Write the report again: after a failure, or with the tags as they are corrected now."""
    chat = access.own_chat_for_user(request.user, chat_id)
    if not chat.is_open:
        with transaction.atomic():
            if (asked := requests.request_again(chat)) is not None:
                record(request.user, "retry", asked)
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


@require_safe
def evidence(request: HttpRequest) -> HttpResponse:
    """All techniques and empathy scales by grade, under the study that serves now."""
    study = studies.serving_study()
    beside = studies.beside_study(study)
    cards = [build_card(code, study, beside=beside) for code in (*TECHNIQUES, *EMPATHY)]
    groups = [(look, [card for card in cards if card.grade.key == key]) for key, look in LOOKS.items()]
    published = next((one for one in (study, beside) if one and one.slug == besides.SLUG), None)
    context = {
        "study": study,
        "beside": beside,
        "groups": groups,
        "caveats": _told(request, study.caveats),
        "published": published,
        "parts": besides.parts(),
    }
    return render(request, "feedback/evidence.html", context)


def _told(request: HttpRequest, caveats: tuple[str, ...]) -> tuple[str, ...]:
    """What failed while a study was made is for admins: to others such a technique is simply not tested."""
    return tuple(one for one in caveats if request.user.is_admin or not one.startswith(FAILED))


@require_safe
def evidence_card(request: HttpRequest, code: str) -> HttpResponse:
    """The card of one technique; with `?message=` also that message's own probability."""
    if code not in TECHNIQUES and code not in EMPATHY:
        raise Http404
    message = _message(request)
    probabilities = _probabilities(message) if message else None
    study = studies.serving_study()
    card = build_card(
        code,
        study,
        beside=studies.beside_study(study),
        probability=probabilities.get(code) if probabilities else None,
        probabilities=probabilities,
        reliability=measured_codes().get(code),
    )
    card = replace(card, caveats=_told(request, card.caveats))
    context = {"card": card, "dispute": dispute_form(message, code, request.user) if message else None}
    return render(request, "feedback/_card.html" if request.htmx else "feedback/card.html", context)


def _message(request: HttpRequest) -> Message | None:
    """The message that `?message=` names, where the person may read it."""
    if "message" not in request.GET:
        return None
    try:
        message_id = uuid.UUID(request.GET["message"])
    except ValueError:
        raise Http404 from None
    message = access.message_for_user(request.user, message_id)
    record_read(request.user, message, owner_id=message.chat.volunteer_id)
    return message


def _probabilities(message: Message) -> dict[str, float] | None:
    tagging = Tagging.objects.filter(message=message, current=True).first()
    return packing.unpack(tagging.probabilities) if tagging else None


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
