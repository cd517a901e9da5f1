"""The admin's page of the tagger and re-tagging."""

from __future__ import annotations

import math

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from peersupport.audit.log import record
from peersupport.people import access
from peersupport.people.models import Role
from skills import versions
from skills.tagger.card import calibration, card_or_nothing, own_lines_only
from skills.tags import low_reliability_codes
from skills.taxonomy import TECHNIQUES


@require_safe
@access.role_required(Role.ADMIN)
def tagger(request: HttpRequest) -> HttpResponse:
    """With htmx only how far re-tagging is, from the job's row; the whole page anew once it is over."""
    progress = versions.progress()
    is_open = progress is not None and progress.job.is_open
    context = {"progress": progress, "left": _time_left(progress) if is_open else ""}
    if request.htmx and not request.htmx.boosted:
        if is_open:
            return render(request, "skills/_retagging.html", context)
        return HttpResponse(headers={"HX-Refresh": "true"})
    card, shares = card_or_nothing(), versions.shares()
    messages_held = sum(row["messages"] for row in shares)
    for row in shares:
        row["percent"] = 100 * row["messages"] / messages_held
    serving = card.get("version")
    lacking = sum(row["messages"] for row in shares if row["version"] != serving) if card else 0
    context |= {"card": card, "shares": shares, "lacking": lacking, "weak": low_reliability_codes()}
    context |= {"calibration": calibration(card), "own_lines": [_name(code) for code in own_lines_only(card)]}
    return render(request, "skills/tagger.html", context)


def _name(code: str) -> str:
    return TECHNIQUES[code].name if code in TECHNIQUES else code


def _time_left(progress: versions.Progress) -> str:
    if not progress.rate:
        return ""
    rate = _("%(rate).1f messages a second") % {"rate": progress.rate}
    minutes = math.ceil(progress.seconds_left / 60)
    hours, rest = divmod(minutes, 60)
    if hours:
        return _("%(rate)s: about %(hours)d h %(minutes)d min left.") % {
            "rate": rate,
            "hours": hours,
            "minutes": rest,
        }
    left = ngettext("about %(n)d minute left.", "about %(n)d minutes left.", minutes) % {"n": minutes}
    return f"{rate}: {left}"


@require_POST
@access.role_required(Role.ADMIN)
def retag(request: HttpRequest) -> HttpResponse:
    """Start re-tagging; asked for twice, it is started once and leaves one line."""
    with transaction.atomic():
        job, started = versions.start()
        if started:
            record(request.user, "retag", job)
    if job is None:
        messages.info(request, _("Nothing to do: every message is tagged by the version that serves."))
    return redirect("skills:tagger")
