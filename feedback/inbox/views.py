"""The inbox, and the trainer's note that reaches it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from feedback.inbox import items, notes
from peersupport.people import access
from peersupport.people.models import Role
from peersupport.practice.models import PracticeChat


@require_safe
@access.role_required(Role.VOLUNTEER)
def inbox(request: HttpRequest) -> HttpResponse:
    made = timezone.now().isoformat()
    found = items.inbox(request.user)
    context = {"items": found, "any_new": any(item.new for item in found), "made": made}
    return render(request, "feedback/inbox.html", context)


@require_POST
@access.role_required(Role.VOLUNTEER)
def inbox_read(request: HttpRequest) -> HttpResponse:
    """What came after the page was made stays new."""
    items.mark_read(request.user, _moment(request.POST.get("made", "")))
    return redirect("feedback:inbox")


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is None or timezone.is_aware(found) else None


@sensitive_post_parameters("text")
@require_POST
def write_note(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """A trainer's note on a chat of their cohort; the volunteer finds it in the inbox. With `withdraw`, the
    number of an own note, that one is taken back."""
    chat = access.reviewed_chat_for_user(request.user, chat_id)
    back = "feedback:report" if request.POST.get("from") == "report" else "practice:chat"
    if "withdraw" in request.POST:
        _take_back(request, chat)
        return redirect(reverse(back, args=[chat.pk]) + "#notes")
    try:
        notes.write_note(chat, trainer=request.user, text=request.POST.get("text", ""))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("Your note is in the volunteer's inbox."))
    return redirect(reverse(back, args=[chat.pk]) + "#notes")


def _take_back(request: HttpRequest, chat: PracticeChat) -> None:
    number = request.POST["withdraw"]
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    if is_number and notes.take_back(chat, trainer=request.user, note_id=int(number)):
        messages.success(request, _("Your note is taken back."))
    else:
        messages.info(request, _("There is no note of yours to take back here, or it is older than an hour."))
