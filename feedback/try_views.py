"""Two answers to the same words of the seeker, side by side."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.reports.course import Step, step_of
from peersupport.audit.log import record_read
from peersupport.people import access
from peersupport.practice import events, tries
from peersupport.practice.models import Message, PracticeChat


@dataclass(frozen=True)
class Answer:
    """One column. `step` is None while its chat goes on: the seeker's state is shown afterwards only."""

    chat: PracticeChat
    message: Message
    reply: Message | None
    step: Step | None


def _answer(chat: PracticeChat, message: Message) -> Answer:
    return Answer(chat, message, tries.reply_to(message), None if chat.is_open else step_of(message))


@require_safe
def compare(request: HttpRequest, try_id: uuid.UUID) -> HttpResponse:
    """The answer of a try beside the one it was branched off from. 404 for a chat that is no try."""
    chat = access.chat_for_user(request.user, try_id)
    first, now = chat.parent_message, tries.first_answer(chat)
    if first is None:
        raise Http404
    record_read(request.user, chat, owner_id=chat.volunteer_id)
    parent = chat.parent
    events.decorate_messages([one for one in (first, now) if one], request.user)
    others = access.chats_for_user(request.user).filter(parent_message=first).exclude(pk=chat.pk)
    context = {
        "chat": chat,
        "before": tries.words_before(first),
        "first": _answer(parent, first),
        "now": _answer(chat, now) if now else None,
        "others": others.order_by("created_at"),
        "is_own": chat.volunteer_id == request.user.pk,
        "help_lines": events.own_help_lines(),
    }
    return render(request, "feedback/compare.html", context)
