"""The trainer's form for the tags of one message; the admin's page of the tagger and re-tagging."""

from __future__ import annotations

import math
import uuid
from itertools import groupby

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from peersupport.audit.log import record, record_read
from peersupport.people import access
from peersupport.people.models import Role
from skills import versions
from skills.review.corrections import correct_tags
from skills.tagger.card import card_or_nothing
from skills.tags import low_reliability_codes, tag_views
from skills.taxonomy import TECHNIQUES

FAMILIES = {
    "mi_consistent": gettext_lazy("In keeping with motivational interviewing"),
    "neutral": gettext_lazy("Neutral"),
    "mi_inconsistent": gettext_lazy("Discouraged by guideline"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    message = access.reviewed_message_for_user(request.user, message_id)
    if not message.is_counselor or message.copied:
        return HttpResponseBadRequest(
            _("Only the counselor's messages carry techniques, each in the chat it was first said in."),
            content_type="text/plain; charset=utf-8",
        )
    if request.method == "POST":
        try:
            changed = correct_tags(
                message,
                codes=request.POST.getlist("codes"),
                trainer=request.user,
                note=request.POST.get("note", "").replace("\0", "").strip(),
            )
        except ValueError:
            return HttpResponseBadRequest(
                _("The form names a technique that does not exist. Reload the page and try again."),
                content_type="text/plain; charset=utf-8",
            )
        done = ngettext("%(n)d tag corrected.", "%(n)d tags corrected.", changed) % {"n": changed}
        messages.success(request, done if changed else _("Nothing changed: the tags are as you set them."))
        return redirect(reverse("practice:chat", args=[message.chat_id]) + f"#message-{message.pk}")
    record_read(request.user, message, owner_id=message.chat.volunteer_id)
    present = {view.code for view in tag_views([message])[message.pk]}
    rows = [(technique, technique.code in present) for technique in TECHNIQUES.values()]
    families = [(FAMILIES[key], list(group)) for key, group in groupby(rows, key=lambda row: row[0].family)]
    before = message.chat.messages.filter(index__lt=message.index, role="seeker").order_by("-index").first()
    return render(
        request, "skills/correct.html", {"message": message, "before": before, "families": families}
    )


@require_safe
@access.role_required(Role.ADMIN)
def tagger(request: HttpRequest) -> HttpResponse:
    """With htmx only how far re-tagging is, from the job's row; the whole page anew once it is over."""
    progress = versions.progress()
    is_open = progress is not None and progress.is_open
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
    return render(request, "skills/tagger.html", context)


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
