"""Two answers to the same words of the seeker, side by side."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.reports.course import Step, steps_of
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

    @property
    def is_awaited(self) -> bool:
        """Whether the seeker's reply is on its way. Nobody answers what may be about the volunteer."""
        under_way = self.message.turn == Message.Turn.PENDING or self.message.is_awaited
        return self.chat.is_open and under_way and not self.message.is_set_aside


@require_safe
def compare(request: HttpRequest, try_id: uuid.UUID) -> HttpResponse:
    """The answer of a try beside the one it was branched off from. 404 for a chat that is no try."""
    chat = access.chat_for_user(request.user, try_id)
    if chat.parent_message_id is None:
        raise Http404
    record_read(request.user, chat, owner_id=chat.volunteer_id)
    same = Q(parent_message=chat.parent_message_id) | Q(pk=chat.parent_id)
    others = list(access.chats_for_user(request.user).filter(same).exclude(pk=chat.pk).order_by("created_at"))
    parent = next((one for one in others if one.pk == chat.parent_id), None)
    if parent is None:
        raise Http404
    first_said, now_said = tries.said_in(parent, chat)
    first = next(one for one in first_said.messages if one.pk == chat.parent_message_id)
    now = now_said.first_answer
    events.decorate_messages([one for one in (first, now) if one], request.user)
    shown = [(parent, first_said, first), *([(chat, now_said, now)] if now else [])]
    steps = steps_of({one: said.messages for where, said, one in shown if not where.is_open})
    answers = [Answer(where, one, said.reply_to(one), steps.get(one)) for where, said, one in shown]
    context = {
        "chat": chat,
        "before": first_said.words_before(first),
        "first": answers[0],
        "now": answers[1] if now else None,
        "others": [one for one in others if one is not parent],
        "is_own": chat.volunteer_id == request.user.pk,
    }
    return render(request, "feedback/compare.html", context)
