"""The admins' two buttons: demo data come, or go."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from peersupport.audit.log import record
from peersupport.demo import jobs
from peersupport.people import demo
from peersupport.people.access import role_required
from peersupport.people.models import Role


@require_POST
@role_required(Role.ADMIN)
def change(request: HttpRequest) -> HttpResponse:
    """`do=load`; or `do=remove` by who is `sure`."""
    if request.POST.get("do") == "load":
        there = _("The demo people are here already.") if demo.people().exists() else ""
        _start(request, jobs.LOAD, there or jobs.not_loaded())
    elif request.POST.get("do") == "remove":
        unsure = "" if request.POST.get("sure") else _("Nothing was removed: tick that you are sure.")
        _start(request, jobs.REMOVE, jobs.not_removed(request.user) or unsure)
    return redirect(reverse("organisation:settings") + "#demo")


def _start(request: HttpRequest, kind: str, refused: str) -> None:
    if refused:
        messages.error(request, refused)
        return
    with transaction.atomic():
        job = jobs.start(kind)
        if job is not None:
            record(request.user, kind, job)
    if job is None:
        messages.info(request, _("Demo data are coming or going already."))
    elif kind == jobs.LOAD:
        messages.success(request, _("Demo data are being loaded."))
    else:
        messages.success(request, _("Demo data are being removed."))
