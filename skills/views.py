"""The trainer's form for the tags of one message."""

from __future__ import annotations

import uuid
from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from peersupport.people import access
from skills.review.corrections import correct_tags
from skills.tags import tag_views
from skills.taxonomy import TECHNIQUES

FAMILIES = {
    "mi_consistent": gettext_lazy("In keeping with motivational interviewing"),
    "neutral": gettext_lazy("Neutral"),
    "mi_inconsistent": gettext_lazy("Discouraged by guideline"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    message = access.reviewed_message_for_user(request.user, message_id)
    if not message.is_counselor:
        return HttpResponseBadRequest(_("Only the counselor's messages carry techniques."))
    if request.method == "POST":
        try:
            changed = correct_tags(
                message,
                codes=request.POST.getlist("codes"),
                trainer=request.user,
                note=request.POST.get("note", "").strip(),
            )
        except ValueError as error:
            return HttpResponseBadRequest(str(error))
        done = ngettext("%(n)d tag corrected.", "%(n)d tags corrected.", changed) % {"n": changed}
        messages.success(request, done if changed else _("Nothing changed: the tags are as you set them."))
        return redirect(reverse("practice:chat", args=[message.chat_id]) + f"#message-{message.pk}")
    present = {view.code for view in tag_views([message])[message.pk]}
    rows = [(technique, technique.code in present) for technique in TECHNIQUES.values()]
    families = [(FAMILIES[key], list(group)) for key, group in groupby(rows, key=lambda row: row[0].family)]
    before = message.chat.messages.filter(index__lt=message.index, role="seeker").order_by("-index").first()
    return render(
        request, "skills/correct.html", {"message": message, "before": before, "families": families}
    )
