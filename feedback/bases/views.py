"""The admin's pages of coach bases: what was measured, merging fine-tunes, switching and going back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from feedback.bases import arms, finetunes, runs, switching
from feedback.coach import serving
from feedback.coach.merging.catalog import METHODS, PARAMETERS
from feedback.models import CoachMerge, CoachSwitch
from peersupport.people import access
from peersupport.people.models import Role, User

SHOWN = 50
NAMES = {
    "scale": gettext_lazy("Scale (lambda or alpha)"),
    "density": gettext_lazy("Density: share of entries kept"),
    "drop": gettext_lazy("Drop: share of entries dropped at random"),
}


@require_safe
@access.role_required(Role.ADMIN)
def bases(request: HttpRequest) -> HttpResponse:
    """With htmx only how far a merge is, from its job's row; the whole page anew once it is over."""
    now = runs.under_way()
    if request.htmx and not request.htmx.boosted:
        if now is not None:
            return render(request, "feedback/_base_running.html", {"now": now})
        return HttpResponse(headers={"HX-Refresh": "true"})
    return _page(request, now)


def _page(
    request: HttpRequest, now: runs.Standing | None, given: runs.Asked | None = None, problem: str = ""
) -> HttpResponse:
    rows = runs.standings(CoachMerge.objects.select_related("asked_by")[:SHOWN])
    here, tried, ships = serving.resolved(), arms.shipped(), arms.of_what_ships()
    given = given or runs.Asked(method="average")
    context = {
        "now": now,
        "here": here,
        "here_why": switching.WHY_NOT.get(here.why, ""),
        "shipped": serving.SHIPPED.name,
        "arms": tried,
        "ships": ships,
        "verdict": arms.verdict(tried, ships),
        "no_base": runs.no_base(),
        "base": _as_typed(serving.base_folder()),
        "finetunes": finetunes.found(),
        "methods": runs.OFFERED.values(),
        "fields": [_field(name, given) for name in runs.FIELDS],
        "given": given,
        "problem": problem,
        "rows": rows,
        "last": rows[0] if rows and not rows[0].is_open else None,
        "switches": CoachSwitch.objects.select_related("before", "after", "person")[:SHOWN],
        "undo": switching.to_undo(),
    }
    return render(request, "feedback/bases.html", context, status=400 if problem else 200)


def _as_typed(base: Path | None) -> str:
    """The folder as one writes it in a command; that of the code without where it lies."""
    if base is None:
        return ""
    return str(base.relative_to(settings.BASE_DIR) if base.is_relative_to(settings.BASE_DIR) else base)


def _field(name: str, given: runs.Asked) -> dict[str, Any]:
    meant, low, high = runs.FIELDS[name]
    return {
        "name": name,
        "label": NAMES[name],
        "low": low,
        "high": high,
        "value": given.values.get(name, ""),
        "methods": [one.name for one in METHODS.values() if set(meant) & set(one.defaults)],
    }


@require_POST
@access.role_required(Role.ADMIN)
def start(request: HttpRequest) -> HttpResponse:
    given = runs.asked(request.POST)
    try:
        runs.start(given, request.user)
    except runs.RefusedError as error:
        return _page(request, runs.under_way(), given, str(error))
    return redirect("feedback:coach-bases")


@require_safe
@access.role_required(Role.ADMIN)
def base(request: HttpRequest, merge_id: int) -> HttpResponse:
    """One merge: what was asked for, its report beside what serves, and what can be done with it."""
    merge = _merge_or_404(merge_id)
    here = serving.resolved()
    [now] = runs.standings([merge])
    if request.htmx and not request.htmx.boosted:
        if now.is_open:
            return render(request, "feedback/_base_running.html", {"now": now})
        return HttpResponse(headers={"HX-Refresh": "true"})
    refused = switching.why_not(merge, here, trust=True)
    context = {
        "merge": merge,
        "now": now,
        "here": here,
        "method": METHODS.get(merge.recipe.get("method", "")),
        "parameters": _parameters(merge),
        "report": arms.table(merge.report),
        "gap": merge.gap,
        "worse": switching.is_worse(merge),
        "refused": refused,
        "by_chance": _by_chance(merge.gap),
        "vectors": _vectors(merge),
        "estimated": _estimated(merge),
        "may_again": not (now.is_open or merge.erased_at or runs.no_base()),
        "may_erase": not (now.is_open or merge.active or merge.erased_at),
    }
    return render(request, "feedback/coach_merge.html", context)


def _parameters(merge: CoachMerge) -> list[tuple[str, Any, str]]:
    """(name, value, what it means), defaults with those that were given."""
    method = METHODS.get(merge.recipe.get("method", ""))
    values = {**(method.defaults if method else {}), **merge.recipe.get("parameters", {})}
    return [(name, value, PARAMETERS[name][0]) for name, value in values.items() if name in PARAMETERS]


def _by_chance(gap: dict[str, Any]) -> bool:
    """Whether the interval of the difference holds zero."""
    return bool(gap) and gap["ci"][0] <= 0 <= gap["ci"][1]


def _vectors(merge: CoachMerge) -> list[dict[str, Any]]:
    """A row for each fine-tune: length of its task vector, and its cosine with each other."""
    found = merge.manifest.get("task_vectors", {})
    rows = zip(
        merge.recipe.get("experts", ()), found.get("norms", ()), found.get("cosines", ()), strict=False
    )
    return [{"name": name, "length": length, "cosines": cosines} for name, length, cosines in rows]


def _estimated(merge: CoachMerge) -> bool:
    """Whether lengths and cosines are of a part of each tensor (the two means never read the base)."""
    entries = merge.manifest.get("task_vectors", {}).get("entries")
    return entries is not None and entries != merge.manifest.get("parameters")


def _merge_or_404(merge_id: int) -> CoachMerge:
    rows = CoachMerge.objects.select_related("asked_by")
    merge = rows.filter(pk=merge_id).first() if merge_id < 2**63 else None
    if merge is None:
        raise Http404
    return merge


def _switch(merge: CoachMerge, person: User, fields: Any) -> None:
    switching.switch(merge, person, read=fields.get("read") == "1")


def _erase(merge: CoachMerge, person: User, fields: Any) -> None:
    switching.erase(merge, person, sure=fields.get("sure") == "1")


STEPS: dict[str, Callable[[CoachMerge, User, Any], None]] = {
    "switch": _switch,
    "erase": _erase,
    "again": lambda merge, person, fields: runs.again(merge, person),
    "cancel": lambda merge, person, fields: runs.cancel(merge, person),
}


@require_POST
@access.role_required(Role.ADMIN)
def step(request: HttpRequest, merge_id: int) -> HttpResponse:
    """`step` names what to do with the merge; 404 for one that there is not."""
    merge = _merge_or_404(merge_id)
    work = STEPS.get(request.POST.get("step", ""))
    if work is None:
        raise Http404
    try:
        work(merge, request.user, request.POST)
    except runs.RefusedError as error:
        messages.error(request, str(error))
    else:
        if work is _switch:
            _said(request)
    return redirect("feedback:coach-base", merge.pk)


@require_POST
@access.role_required(Role.ADMIN)
def undo(request: HttpRequest) -> HttpResponse:
    """Back to what served before; with `to` "own", to COACH_MODEL's own model."""
    try:
        if request.POST.get("to") == "own":
            switching.switch_to_own(request.user)
        else:
            switching.undo(request.user)
    except runs.RefusedError as error:
        messages.error(request, str(error))
    else:
        _said(request)
    return redirect("feedback:coach-bases")


def _said(request: HttpRequest) -> None:
    name = switching.active() or serving.standing_for("").name or _("no language model")
    words = _("%(name)s is switched on: workers use it from their next report on, no restart is needed.")
    messages.success(request, words % {"name": name})
