"""What would go with a chat, and deleting it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from peersupport.people import access
from peersupport.practice import deleting


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """The form has a box to tick: it cannot be undone."""
    chat = access.own_chat_for_user(request.user, chat_id)
    if request.method != "POST":
        context = {
            "chat": chat,
            "kept": deleting.is_kept(chat),
            "said": chat.messages.count(),
            "tries": chat.tries.count(),
            "backup_days": settings.BACKUP_DAYS,
            "export_hours": settings.EXPORT_HOURS,
        }
        return render(request, "practice/delete.html", context)
    if request.POST.get("sure") != "1":
        messages.error(request, _("Nothing was deleted: tick the box beside the button first."))
        return redirect("practice:delete", chat.pk)
    try:
        deleting.delete(chat, by=request.user)
    except deleting.KeptError:
        return redirect("practice:delete", chat.pk)  # which says why
    messages.success(request, _("The chat is deleted, with its tags and its report."))
    return redirect("practice:transcripts" if chat.is_imported else "practice:chats")
