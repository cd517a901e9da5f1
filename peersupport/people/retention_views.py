"""What is over its time, and starting its erasure."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from peersupport.audit.log import record
from peersupport.organisation.current import current
from peersupport.people import access, retention
from peersupport.people.models import Role


@require_safe
@access.role_required(Role.ADMIN)
def page(request: HttpRequest) -> HttpResponse:
    """With htmx only how far the erasing is, or what it came to."""
    days = current(request.user).retention_days
    due, signed_off = retention.due_counts(days)
    context = {"days": days, "due": due, "signed_off": signed_off, "job": retention.newest()}
    if request.htmx and not request.htmx.boosted:
        return render(request, "people/_erasing.html", context)
    context["backup_days"] = settings.BACKUP_DAYS
    return render(request, "people/retention.html", context)


@require_POST
@access.role_required(Role.ADMIN)
def start(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        job = retention.start()
        if job is not None:
            record(request.user, "retention_started", job)
    if job is None:
        messages.info(request, _("No chat is past its retention date."))
    return redirect("people:retention")
