"""Pages of practice: choose a scenario, chat, follow the events, end; lists of chats."""

from __future__ import annotations

import uuid

from django.contrib import messages as notes
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from peersupport import seeker
from peersupport.audit.log import record, record_read
from peersupport.people import access, consents
from peersupport.people.models import Role
from peersupport.practice import assignments, chat_lists, slots, tries, unused
from peersupport.practice import chats as service
from peersupport.practice import events as log
from peersupport.practice.models import Message, PracticeChat
from peersupport.practice.scenarios import offered


@require_safe
@access.role_required(Role.VOLUNTEER)
def scenarios(request: HttpRequest) -> HttpResponse:
    rows = list(offered(access.cohorts_for_user(request.user)))
    for row in rows:
        row.topic_name = seeker.TOPICS[row.topic]
    return render(
        request,
        "practice/scenarios.html",
        {
            "scenarios": [row for row in rows if not row.risk],
            "risk_scenarios": [row for row in rows if row.risk],
            "goals": slots.call(slots.PRACTICE_GOALS, request.user),
            "trainers": [] if request.user.keeps_new_chats else access.trainers_for_user(request.user),
            "asked_again": consents.is_asked_again(request.user),
            "assignments": assignments.for_volunteer(request.user),
            "open_chats": access.chats_for_user(request.user).filter(status=PracticeChat.Status.OPEN)[:3],
        },
    )


@require_POST
@access.role_required(Role.VOLUNTEER)
def start(request: HttpRequest, scenario_id: int) -> HttpResponse:
    scenario = offered(access.cohorts_for_user(request.user)).filter(pk=scenario_id).first()
    if scenario is None:
        raise Http404
    chat = service.start_chat(request.user, scenario)
    return redirect("practice:chat", chat.pk)


@require_safe
@access.role_required(Role.VOLUNTEER, Role.TRAINER)
def chats(request: HttpRequest) -> HttpResponse:
    """A volunteer's own chats, or those of a trainer's cohorts."""
    context = chat_lists.page_of(request.user, request.GET)
    rows = list(context["chats"])
    # Apart: a query that counts as well would lose the order, and count for chats that are not shown.
    own = Message.objects.filter(chat__in=rows, role=Message.Role.COUNSELOR, copied=False).order_by()
    said = dict(own.values_list("chat_id").annotate(Count("pk")))
    reports = slots.call(slots.CHAT_REPORTS, rows)
    retagged = slots.call(slots.CHATS_RETAGGED, rows)
    for row in rows:
        row.report_status = reports.get(row.pk, "")
        row.retagged = row.pk in retagged
        row.said = said.get(row.pk, 0)
    context["cohorts"] = access.cohorts_for_user(request.user)
    return render(request, "practice/chats.html", context)


def _chat_context(request: HttpRequest, chat: PracticeChat) -> dict:
    messages = log.decorate_messages(list(chat.messages.order_by("index")), request.user)
    is_own = chat.volunteer_id == request.user.pk
    return {
        "chat": chat,
        "chat_messages": messages,
        "topic_name": seeker.TOPICS.get(chat.topic, chat.topic),
        "is_own": is_own,
        "reading": log.reading(chat),
        "notes": slots.call(slots.CHAT_NOTES, chat),
        "worded": not chat.is_imported and slots.call(slots.SEEKER_WORDED),
        **log.another_try(chat, messages, request.user),
        **log.panels(messages, request.user, is_own=is_own),
        "key": uuid.uuid4().hex,
    }


@require_safe
def chat(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    found = access.chat_for_user(request.user, chat_id)
    record_read(request.user, found, owner_id=found.volunteer_id)
    return render(request, "practice/chat.html", _chat_context(request, found))


@sensitive_post_parameters("text")
@require_POST
def post(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """Keep a message. With JavaScript: the fragments since `after`; without: back to the chat."""
    found = access.own_chat_for_user(request.user, chat_id)
    text, key = request.POST.get("text", ""), request.POST.get("key", "").replace("\0", "")[:64]
    try:
        if not key:
            raise ValidationError("The form is out of date. Reload the page; your words are kept there.")
        service.post_message(found, text=text, key=key)
    except ValidationError as error:
        if _wants_fragments(request):
            return HttpResponse(error.messages[0], status=400, content_type="text/plain; charset=utf-8")
        context = {**_chat_context(request, found), "error": error.messages[0], "draft": text}
        return render(request, "practice/chat.html", context, status=400)
    if _wants_fragments(request):
        return _fragments(request, found)
    return redirect(reverse("practice:chat", args=[found.pk]) + "#composer")


def _wants_fragments(request: HttpRequest) -> bool:
    return request.headers.get("X-Fragments") == "1"


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _fragments(request: HttpRequest, chat: PracticeChat) -> HttpResponse:
    seq, html = log.fragments_after(chat, _number(request.GET.get("after")), request)
    return HttpResponse(html, headers={"X-Seq": str(seq)})


@require_safe
def events(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """What changed after `?after=`: the polling twin of the stream."""
    found = access.chat_for_user(request.user, chat_id)
    answer = _fragments(request, found)
    if answer.content:  # asking again and again for nothing new reads nothing
        record_read(request.user, found, owner_id=found.volunteer_id)
    return answer


@require_safe
async def stream(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """Server-sent events. `Last-Event-ID` is what a browser sends when it reconnects."""
    seq = _number(request.headers.get("Last-Event-ID") or request.GET.get("after"))
    events = await log.open_stream(request, chat_id, seq)
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["X-Accel-Buffering"] = "no"
    return response


@require_POST
def end(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """On to the report; a chat in which the volunteer wrote nothing leaves none, and goes."""
    found = access.own_chat_for_user(request.user, chat_id)
    outcome = unused.discard(found, by=request.user)
    if outcome is unused.Found.STAYS:
        service.end_chat(found)
        return redirect("feedback:report", found.pk)
    if outcome is unused.Found.DISCARDED:
        notes.info(request, _("The chat is discarded: you wrote nothing in it."))
    else:
        notes.info(request, _("This chat was deleted meanwhile."))
    return redirect("practice:chat", found.parent_id) if found.parent_id else redirect("practice:scenarios")


@require_POST
def retry(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    message = access.message_for_user(request.user, message_id)
    chat = access.own_chat_for_user(request.user, message.chat_id)
    with transaction.atomic():
        if service.retry_turn(message):
            record(request.user, "retry", message)
    if _wants_fragments(request):
        return _fragments(request, chat)
    return redirect("practice:chat", chat.pk)


@require_POST
def try_again(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Branch the chat at this message and go there."""
    message = access.message_for_user(request.user, message_id)
    chat = access.own_chat_for_user(request.user, message.chat_id)
    try:
        branch = tries.try_again(message)
    except ValidationError as error:
        notes.error(request, error.messages[0])
        return redirect("practice:chat", chat.pk)
    return redirect(reverse("practice:chat", args=[branch.pk]) + "#composer")
