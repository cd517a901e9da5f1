"""The two forms of a report page that belong to the volunteer alone. Both lead back to the report."""

from __future__ import annotations

import uuid

from django.contrib import messages as notes
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from peersupport.people import access
from peersupport.practice import after
from peersupport.practice.models import AfterChat


@require_POST
def rate(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """An empty form passes the ratings over."""
    chat = access.own_chat_for_user(request.user, chat_id)
    if not chat.is_open:
        ratings = {name: _level(request.POST.get(name)) for name in AfterChat.RATINGS}
        after.rate(chat, ratings, shared="shared" in request.POST)
    return redirect("feedback:report", chat.pk)


def _level(text: str | None) -> int | None:
    return int(text) if text in [str(level) for level in AfterChat.SCALE] else None


@sensitive_post_parameters("stays", "goes")
@require_POST
def debrief(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    chat = access.own_chat_for_user(request.user, chat_id)
    if not chat.is_open:
        texts = {name: request.POST.get(name, "") for name in ("stays", "goes")}
        try:
            after.answer(chat, **texts, shared="shared" in request.POST)
        except ValidationError as error:
            notes.error(request, error.messages[0])
    return redirect("feedback:report", chat.pk)
