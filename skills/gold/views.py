"""The admin's pages of the tagger's versions: training one, comparing, switching and going back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from peersupport.people import access
from peersupport.people.models import Role
from skills.gold import runs, serving
from skills.models import TaggerSwitch, TaggerTraining
from skills.tagger.card import WEIGHTS, card_or_nothing, read_card
from skills.taxonomy import TECHNIQUES

SHOWN = 50


@require_safe
@access.role_required(Role.ADMIN)
def versions(request: HttpRequest) -> HttpResponse:
    """With htmx only how far a training is, from its job's row; the whole page anew once it is over."""
    now = runs.newest()
    if request.htmx and not request.htmx.boosted:
        if now is not None and now.is_open:
            return render(request, "skills/_training.html", {"now": now})
        return HttpResponse(headers={"HX-Refresh": "true"})
    card, counts = card_or_nothing(), runs.may_learn()
    context = {
        "now": now,
        "serving": card.get("version", ""),
        "shipped": read_card(WEIGHTS),
        "counts": counts,
        "too_little": runs.too_little(counts),
        "rows": [_row(training) for training in _trainings()[:SHOWN]],
        "switches": TaggerSwitch.objects.select_related("before", "after", "person")[:SHOWN],
        "undo": serving.to_undo(),
    }
    return render(request, "skills/tagger_versions.html", context)


@require_safe
@access.role_required(Role.ADMIN)
def version(request: HttpRequest, training_id: int) -> HttpResponse:
    """One training: what was learnt, and old beside new for every technique."""
    training = _training_or_404(training_id)
    return render(request, "skills/tagger_version.html", {"row": _row(training), "serves": _serving()})


@require_POST
@access.role_required(Role.ADMIN)
def train(request: HttpRequest) -> HttpResponse:
    """Asked for twice, it is started once and leaves one line."""
    try:
        runs.start(request.user)
    except runs.TrainingRefusedError as error:
        messages.error(request, str(error))
    return redirect("skills:tagger-versions")


@require_POST
@access.role_required(Role.ADMIN)
def switch(request: HttpRequest, training_id: int) -> HttpResponse:
    training = _training_or_404(training_id)
    try:
        serving.switch(training, request.user)
    except serving.SwitchRefusedError as error:
        messages.error(request, str(error))
    else:
        _said(request)
    return redirect("skills:tagger-versions")


@require_POST
@access.role_required(Role.ADMIN)
def undo(request: HttpRequest) -> HttpResponse:
    try:
        serving.undo(request.user)
    except serving.SwitchRefusedError as error:
        messages.error(request, str(error))
    else:
        _said(request)
    return redirect("skills:tagger-versions")


def _said(request: HttpRequest) -> None:
    words = _("%(version)s serves now: workers use it from their next job on, no restart is needed.")
    messages.success(request, words % {"version": _serving()})


def _serving() -> str:
    return card_or_nothing().get("version", "")


def _trainings():
    return TaggerTraining.objects.select_related("asked_by", "made")


def _training_or_404(training_id: int) -> TaggerTraining:
    training = _trainings().filter(pk=training_id).first() if training_id < 2**63 else None
    if training is None:
        raise Http404
    return training


def _row(training: TaggerTraining) -> dict[str, Any]:
    """What the pages show of a training; `refused` says why it cannot be switched on."""
    figures = training.figures
    found = figures.get("comparison")
    row = {"training": training, "learnt": figures.get("learnt"), "found": found}
    if found:
        row["refused"] = serving.why_not(training, _serving())
        row["against"] = [_against(one) for one in found["against"]]
        row["by_chance"] = found["beats"] and found["mean"]["ci"][0] <= 0
        row["codes"] = [figure | {"name": TECHNIQUES[code].name} for code, figure in _codes(found)]
    return row


def _codes(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """In the order of the taxonomy; a technique that is not there any more is left out."""
    return [(code, found["codes"][code]) for code in TECHNIQUES if code in found["codes"]]


def _against(one: str) -> str:
    what, _colon, code = one.partition(":")
    if what == "mean":
        return _("its mean F1 is not higher")
    if what == "double":
        return _("its F1 on messages that two trainers coded is lower")
    name = TECHNIQUES[code].name if code in TECHNIQUES else code
    return _("%(technique)s is worse beyond its interval") % {"technique": name}
