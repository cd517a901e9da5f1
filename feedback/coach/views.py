"""The admin's page of models, and the volunteer's word on a suggested reply."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _later
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.coach import serving
from feedback.intervals import wilson
from feedback.replies import counts
from feedback.replies import wording as line_wording
from feedback.reports import loaded, suggestions, wordings
from peersupport.people import access
from peersupport.people.models import Role
from skills.tagger.card import card_or_nothing
from skills.taxonomy import TECHNIQUES

LINE_WORDS = {
    "reworded": _later("reworded by the model"),
    "authored": _later("as written by people: no wording was good enough"),
    "late": _later("as written by people: no wording came in time"),
}
WORDS = {
    "first": _later("a model's first wording"),
    "retried": _later("a model's later wording"),
    "authored": _later("a line written by people, confirmed"),
    "fallback": _later("a line written by people, not confirmed"),
    "none": _later("no reply shown"),
}


@require_safe
@access.role_required(Role.ADMIN)
def models_page(request: HttpRequest) -> HttpResponse:
    rows = suggestions.rates()
    for row in rows:
        names = suggestions.OUTCOMES if row["coach"] else suggestions.WITHOUT_MODEL
        row["outcomes"] = [(WORDS[name], _share(row[name], row["asked"])) for name in names]
        row["reasons"] = [(reason_words(key), _share(n, row["wordings"])) for key, n in row["refused"]]
        row["liked"] = _share(row["helpful"], row["rated"])
    context = {
        "rows": rows,
        "workers": loaded.workers(),
        "configured": settings.COACH_MODEL,
        "here": serving.resolved(),
        "days": suggestions.DAYS,
        "tagger": card_or_nothing(),
        "line_rows": _line_rows(),
        "lines_worded": line_wording.is_on(),
        "lines_wanted": settings.SEEKER_WORDING,
    }
    return render(request, "feedback/models.html", context)


def _line_rows() -> list[dict[str, Any]]:
    rows = counts.rates()
    for row in rows:
        row["outcomes"] = [(LINE_WORDS[name], _share(row[name], row["asked"])) for name in counts.OUTCOMES]
        row["reasons"] = [(_line_reason(key), _share(n, row["wordings"])) for key, n in row["refused"]]
    return rows


def _share(count: int, n: int) -> dict[str, Any]:
    """A count with its share of n in percent and the 95 % interval (Wilson); no share where n is 0."""
    interval = wilson(count, n)
    found: dict[str, Any] = {"count": count, "n": n, "percent": None}
    if n and interval:
        found |= {"percent": 100 * count / n, "low": 100 * interval[0], "high": 100 * interval[1]}
    return found


_REASONS = {
    "technique_not_found": _later("the technique was not found in it"),
    "names_what_nobody_named": _later("named a person or thing that nobody named"),
    "rough_english": _later("no good English (language model)"),
    "unfinished": _later("unfinished"),
    "gibberish": _later("gibberish"),
    "repetition": _later("repeated itself"),
    "repeats_volunteer": _later("repeated the volunteer"),
    "too_long": _later("over 45 words"),
    "too_short": _later("too short"),
    "empty": _later("empty"),
    "shown_before": _later("already shown in the report"),
    "link": _later("link"),
    "email": _later("mail address"),
    "phone_number": _later("phone number"),
    "markup": _later("markup"),
    "control_characters": _later("hidden characters"),
    "diagnosis": _later("diagnosis"),
    "blame": _later("blame"),
    "promise": _later("promise of an outcome"),
    "crisis_wording": _later("words about a crisis"),
    "method": _later("means of harm"),
    "less_warmth": _later("less warmth"),
    "model_talk": _later("talk of the model itself"),
    "unknown_name": _later("a name that the chat does not hold"),
}


_LINE_REASONS = {
    "too_long": _later("too long"),
    "counselor_voice": _later("spoke like a counselor"),
    "not_first_person": _later("did not speak of the person's own"),
    "new_number": _later("a number that neither line nor chat holds"),
    "says_the_opposite": _later("a negation too many or too few"),
    "risk_cue": _later("a risk cue"),
    "deeper_layer": _later("something that the seeker has not told yet"),
    "said_before": _later("said before by the seeker"),
    "repeats_counselor": _later("repeated the counselor"),
    "other_meaning": _later("too far from the line's meaning"),
    "rough_english": _later("no good English (language model)"),
}


def _line_reason(key: str) -> str:
    return str(_LINE_REASONS[key]) if key in _LINE_REASONS else reason_words(key)


def reason_words(key: str) -> str:
    """A reason of a refusal for people."""
    code = key.removeprefix("carries_")
    if code != key and code in TECHNIQUES:
        return _("carried %(technique)s") % {"technique": TECHNIQUES[code].name}
    return str(_REASONS.get(key, key.replace("_", " ")))


@require_POST
def rate_suggestion(request: HttpRequest, chat_id: uuid.UUID, index: int) -> HttpResponse:
    """`helpful` is "yes" or "no"; 404 where the report suggests nothing at that message."""
    chat = access.own_chat_for_user(request.user, chat_id)
    answer = request.POST.get("helpful")
    if answer not in ("yes", "no"):
        return HttpResponseBadRequest()
    if not suggestions.rate(chat, index, helpful=answer == "yes"):
        raise Http404
    return redirect(reverse("feedback:report", args=[chat.pk]) + "#points")


@require_http_methods(["GET", "HEAD", "POST"])
def other_wording(request: HttpRequest, chat_id: uuid.UUID, index: int) -> HttpResponse:
    """POST asks for another wording: `warmth` a step of the dial, `brief` any value. GET, with htmx, is how
    far it is. 404 where the report suggests nothing at that message."""
    chat = access.own_chat_for_user(request.user, chat_id)
    if request.method == "POST":
        warmth = request.POST.get("warmth", "0")
        if warmth not in [str(step) for step in range(wordings.STEPS + 1)]:
            return HttpResponseBadRequest()
        if wordings.ask(chat, index, warmth=int(warmth), brief="brief" in request.POST) is None:
            raise Http404
    elif request.htmx and not request.htmx.boosted:
        other = wordings.of_reply(chat, index)
        if other is None:  # the report was written anew
            return HttpResponse(headers={"HX-Refresh": "true"})
        form = {"reader": wordings.reader(request.user), "warmths": wordings.choices()}
        context = {"chat": chat, "point": {"index": index}, "other": other, **form}
        return render(request, "feedback/_other_wording.html", context)
    return redirect(reverse("feedback:report", args=[chat.pk]) + f"#reply-{index}")
