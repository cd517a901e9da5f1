"""The form on an evidence card with which a volunteer disputes a tag of their own message."""

from __future__ import annotations

import uuid

from django.contrib import messages as notes
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from peersupport.people import access
from peersupport.practice.models import Message
from skills.review.disputes import dispute_form, dispute_tag


@sensitive_post_parameters("words")
@require_POST
def dispute(request: HttpRequest, message_id: uuid.UUID, code: str) -> HttpResponse:
    """With htmx: the form's place on the card anew, or what is wrong; without: back to the message."""
    message = access.message_for_user(request.user, message_id)
    access.own_chat_for_user(request.user, message.chat_id)
    reason, words = request.POST.get("reason", ""), request.POST.get("words", "")
    try:
        dispute_tag(message, code, volunteer=request.user, reason=reason, words=words)
    except ValidationError as error:
        return _refused(request, message, error.messages[0])
    except ValueError:
        words = _("Choose one of the reasons, for a tag that the message carries.")
        return _refused(request, message, words)
    if request.htmx:
        context = {"dispute": dispute_form(message, code, request.user), "just_made": True}
        return render(request, "skills/_dispute.html", context)
    return _back_to(message)


def _refused(request: HttpRequest, message: Message, words: str) -> HttpResponse:
    """In words, which the card shows; without htmx the page of the message does."""
    if request.htmx:
        return HttpResponseBadRequest(words, content_type="text/plain; charset=utf-8")
    notes.error(request, words)
    return _back_to(message)


def _back_to(message: Message) -> HttpResponse:
    return redirect(reverse("practice:chat", args=[message.chat_id]) + f"#message-{message.pk}")
