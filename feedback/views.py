"""Pages of feedback: the session report, the evidence behind techniques, the admin's exports."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from feedback import studies
from feedback.evidence.cards import evidence_card as build_card
from feedback.evidence.grades import LOOKS
from feedback.models import SessionReport
from feedback.reports import requests
from feedback.reports.charts import bars
from feedback.reports.exports import tag_rows, tags_csv
from peersupport.audit.log import record
from peersupport.people import access
from peersupport.people.models import Role
from peersupport.safety import help_lines
from skills import packing
from skills.models import Tagging
from skills.tagger.card import read_card
from skills.taxonomy import EMPATHY, TECHNIQUES


@require_safe
def report(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    chat = access.chat_for_user(request.user, chat_id)
    found = SessionReport.objects.filter(chat=chat).first()
    if chat.volunteer_id != request.user.pk:
        record(request.user, "read", found or chat)
    context = {
        "chat": chat,
        "report": found,
        "body": found.body if found else {},
        "is_own": chat.volunteer_id == request.user.pk,
        "help_lines": help_lines(settings.REGION, path=settings.HELP_LINES_FILE or None),
    }
    if found and found.body:
        context |= _with_quotes(found.body)
    fragment = request.htmx and not request.htmx.boosted
    return render(request, "feedback/_report_status.html" if fragment else "feedback/report.html", context)


def _with_quotes(body: dict) -> dict:
    """Strengths and points with the message each is about, and the technique mix as bars."""
    texts = {entry["index"]: entry["text"] for entry in body["messages"]}
    quoted = {
        name: [{**row, "quote": texts.get(row["index"], "")} for row in body[name]]
        for name in ("strengths", "points")
    }
    for strength in quoted["strengths"]:
        strength["look"] = LOOKS[strength["grade"]]
    return {**quoted, "mix": bars(body["mix"])}


@require_POST
def report_retry(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """Write the report again: after a failure, or with the tags as they are corrected now."""
    chat = access.own_chat_for_user(request.user, chat_id)
    if not chat.is_open:
        with transaction.atomic():
            pending = SessionReport.objects.select_for_update().filter(chat=chat, status="pending").exists()
            if not pending:
                requests.request_report(chat)
    return redirect("feedback:report", chat.pk)


@require_safe
def evidence(request: HttpRequest) -> HttpResponse:
    """All techniques and empathy scales by grade, under the study that serves now."""
    study = studies.serving_study()
    cards = [build_card(code, study) for code in (*TECHNIQUES, *EMPATHY)]
    groups = [(look, [card for card in cards if card.grade.key == key]) for key, look in LOOKS.items()]
    return render(request, "feedback/evidence.html", {"study": study, "groups": groups})


@require_safe
def evidence_card(request: HttpRequest, code: str) -> HttpResponse:
    """The card of one technique; with `?message=` also that message's own probability."""
    if code not in TECHNIQUES and code not in EMPATHY:
        raise Http404
    probabilities = _probabilities(request)
    card = build_card(
        code,
        studies.serving_study(),
        probability=probabilities.get(code) if probabilities else None,
        probabilities=probabilities,
        reliability=read_card()["codes"].get(code),
    )
    context = {"card": card, "grades": {key: look.label for key, look in LOOKS.items()}}
    return render(request, "feedback/_card.html" if request.htmx else "feedback/card.html", context)


def _probabilities(request: HttpRequest) -> dict[str, float] | None:
    if "message" not in request.GET:
        return None
    try:
        message_id = uuid.UUID(request.GET["message"])
    except ValueError:
        raise Http404 from None
    message = access.message_for_user(request.user, message_id)
    tagging = Tagging.objects.filter(message=message, current=True).first()
    return packing.unpack(tagging.probabilities) if tagging else None


@require_safe
@access.role_required(Role.ADMIN)
def exports(request: HttpRequest) -> HttpResponse:
    return render(request, "feedback/exports.html", {"rows": tag_rows().count()})


@require_safe
@access.role_required(Role.ADMIN)
def export_tags(request: HttpRequest) -> HttpResponse:
    """The tags of all chats as CSV, streamed; pseudonyms instead of people, and no message text."""
    record(request.user, "export")
    response = StreamingHttpResponse(tags_csv(), content_type="text/csv; charset=utf-8")
    name = f"peersupport-tags-{timezone.now():%Y%m%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
