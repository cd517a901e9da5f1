"""The admin's pages of the coach's dials: calibrating, the curves, switching and going back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _later
from django.views.decorators.http import require_POST, require_safe

from feedback.coach.dials import BOTH_WAYS
from feedback.coach.steering import plots
from feedback.coach.steering.pairs import BEHAVIOURS
from feedback.dials import runs, serving
from feedback.models import DialCalibration, DialSwitch
from peersupport.people import access
from peersupport.people.models import Role

SHOWN = 50
ABOUT = {
    "autonomy": _later("leaves the choice with the seeker, instead of persuading or directing"),
    "reflection": _later("says back what was heard, instead of advising"),
    "warmth": _later("affirms and stands by the seeker; it is only ever turned up"),
    "brevity": _later("says it in fewer words"),
    "openness": _later("lets the simulated seeker open up, instead of holding back"),
}
USED = {
    "autonomy": _later("reports turn it for replies that emphasise autonomy"),
    "reflection": _later("reports turn it for reflections"),
    "warmth": _later("readers of a report turn it when they ask for another wording"),
    "openness": _later(
        "the seeker's state turns it where this model words seekers' lines (SEEKER_WORDING): up when "
        "openness is above resistance, down when it is below"
    ),
}
# coach-mini is calibrated on pairs of its own grammar (feedback.coach.mini.own_pairs): one technique of a
# counselor against another. The report of such a calibration ends its `about` so.
MINI, OWN_LANGUAGE = "coach-mini", "own language"
ABOUT_MINI = {
    "autonomy": _later("leaves the choice with the seeker, instead of saying back what was heard"),
    "reflection": _later("says back what was heard, instead of asking what to look at together"),
    "warmth": _later("affirms the seeker, instead of asking an open question; it is only ever turned up"),
    "openness": _later(
        "here: the counselor asks an open question, instead of a complex reflection; this says nothing of a "
        "seeker who opens up"
    ),
}
USED_MINI = {"openness": _later("nothing turns it: coach-mini words no line of a seeker")}
LIMITS = {
    "tolerated loss": _later("beyond it more helpfulness is lost than is tolerated"),
    "saturation": _later("beyond it the behaviour is as good as complete"),
    "coherence": _later("beyond it replies are not coherent"),
    "trust in the fits": _later("beyond it the laws do not describe what was measured"),
    "the end of the sweep": _later("nothing was measured beyond it"),
}
CHARTS = (
    (plots.tradeoff, _later("Gain and cost. Shaded: the efficient part, from 0 to the end stop.")),
    (
        plots.alignment,
        _later("The behaviour, its law and the tangent at 0. Hollow dots: incoherent replies."),
    ),
    (plots.helpfulness, _later("Helpfulness, its law and the linear rival.")),
)


@require_safe
@access.role_required(Role.ADMIN)
def dials(request: HttpRequest) -> HttpResponse:
    """With htmx only how far a calibration is, from its job's row; the whole page anew once it is over."""
    now = runs.newest()
    if request.htmx and not request.htmx.boosted:
        if now is not None and now.is_open:
            return render(request, "feedback/_calibrating.html", {"now": now})
        return HttpResponse(headers={"HX-Refresh": "true"})
    model = serving.model()
    found, made = serving.dials(model), serving.newest(model)
    context = {
        "now": now,
        "model": model,
        "rows": [_row(found[name], model, made.get(name)) for name in BEHAVIOURS] if model else [],
        "undo": serving.to_undo(model),
        "switches": DialSwitch.objects.select_related("after", "person")[:SHOWN],
    }
    return render(request, "feedback/dials.html", context)


@require_safe
@access.role_required(Role.ADMIN)
def dial(request: HttpRequest, behaviour: str) -> HttpResponse:
    """One behaviour: the curves of the calibration that serves, of the newest, or of the one that `?made=`
    names; and what there is to choose from."""
    _known(behaviour)
    model = serving.model()
    held = serving.dials(model).get(behaviour) or serving.Dial(behaviour, False, None, {})
    made = list(DialCalibration.objects.filter(behaviour=behaviour).select_related("asked_by")[:SHOWN])
    shown = _shown(request, held, made)
    report = shown.report if shown else held.report
    context = {
        "row": _row(held, model, shown),
        "model": model,
        "shown": shown,
        "report": report,
        "verdict": _verdict(report),
        "charts": _charts(report),
        "table": _table(report),
        "choices": _choices(behaviour, model, held, made),
    }
    return render(request, "feedback/dial.html", context)


def _shown(request: HttpRequest, held: serving.Dial, made: list[DialCalibration]) -> DialCalibration | None:
    if asked := request.GET.get("made", ""):
        if asked == serving.SHIPPED:
            return None
        found = next((one for one in made if str(one.pk) == asked and one.report), None)
        if found is None:
            raise Http404
        return found
    if held.report:
        return held.made
    return next((one for one in made if one.report), None)


@require_POST
@access.role_required(Role.ADMIN)
def calibrate(request: HttpRequest, behaviour: str) -> HttpResponse:
    """Asked for twice, it is started once and leaves one line."""
    _known(behaviour)
    try:
        runs.start(behaviour, request.user)
    except runs.CalibrationRefusedError as error:
        messages.error(request, str(error))
    return redirect("feedback:dials")


@require_POST
@access.role_required(Role.ADMIN)
def cancel(request: HttpRequest, behaviour: str) -> HttpResponse:
    _known(behaviour)
    if not runs.cancel(behaviour, request.user):
        messages.error(request, _("There was nothing to cancel: it was over already."))
    return redirect("feedback:dials")


@require_POST
@access.role_required(Role.ADMIN)
def switch(request: HttpRequest, behaviour: str) -> HttpResponse:
    """`use` is "off", "shipped" or the number of a calibration; 404 for anything else."""
    _known(behaviour)
    try:
        row = serving.switch(behaviour, request.POST.get("use", ""), request.user)
    except KeyError:
        raise Http404 from None
    except serving.SwitchRefusedError as error:
        messages.error(request, str(error))
    else:
        _said(request, row)
    return redirect("feedback:dial", behaviour)


@require_POST
@access.role_required(Role.ADMIN)
def undo(request: HttpRequest) -> HttpResponse:
    try:
        row = serving.undo(request.user)
    except serving.SwitchRefusedError as error:
        messages.error(request, str(error))
    else:
        _said(request, row)
    return redirect("feedback:dials")


def _said(request: HttpRequest, row: DialSwitch) -> None:
    words = (
        _("%(dial)s can be turned now: workers use it from their next request on, no restart is needed.")
        if row.on
        else _("%(dial)s is off: workers leave it alone from their next request on.")
    )
    messages.success(request, words % {"dial": row.behaviour.capitalize()})


def _known(behaviour: str) -> None:
    if behaviour not in BEHAVIOURS:
        raise Http404


def _row(
    held: serving.Dial, model: serving.Model | None, made: DialCalibration | None = None
) -> dict[str, Any]:
    """What the pages show of a behaviour's dial as it holds now; where it has none, of what was `made`. The
    words for it are those of the pairs that it was measured on."""
    name, report = held.behaviour, held.report or (made.report if made else {})
    by_name = model is not None and model.name == MINI
    mini = report["about"].endswith(OWN_LANGUAGE) if report else by_name
    about = (mini and ABOUT_MINI.get(name)) or ABOUT[name]
    used = (mini and USED_MINI.get(name)) or USED.get(name, _("nothing turns it yet"))
    return {"dial": held, "about": about, "used": used, "verdict": _verdict(report)}


def _verdict(report: dict[str, Any]) -> dict[str, Any]:
    """The end stop and what ends it, or why there is none; {} without a report."""
    if not report:
        return {}
    found = report["dial"]
    low, high = found["r_max_interval"]
    return {
        "usable": found["usable"],
        "end": found["r_max"],
        "down": _lower_end(report),
        "low": low,
        "high": high,
        "without": 100 * found.get("without", 0.0),
        "tolerated": 100 * found["tolerated"],
        "limit": LIMITS.get(found["limited_by"], found["limited_by"]),
        "reasons": found["reasons"],
        "random": None if report.get("random_move") is None else 100 * report["random_move"],
        "random_share": None if report.get("random_share") is None else 100 * report["random_share"],
        "random_end": _by_chance(report),
    }


def _lower_end(report: dict[str, Any]) -> dict[str, float] | None:
    """The lower end stop with its interval, for a dial that runs both ways."""
    found = report["dial"]
    if report["behaviour"] not in BOTH_WAYS or not found["usable"]:
        return None
    low, high = found.get("r_min_interval") or (found["r_min"], found["r_min"])
    return {"end": found["r_min"], "low": low, "high": high}


def _by_chance(report: dict[str, Any]) -> float | None:
    """How far a random direction moves the behaviour from the unsteered point to the end stop, in percent of
    how far ours moves it there; None where the dial cannot be turned or ours does not move it."""

    def gain(arm: str) -> float:
        rows = {row["r"]: row["alignment"] for row in report["arms"][arm]}
        last = max(r for r in rows if r <= report["dial"]["r_max"] + 1e-9)
        return rows[last] - rows[0.0]

    ours = gain("steered")
    return 100 * abs(gain("random") / ours) if report["dial"]["usable"] and ours else None


def _charts(report: dict[str, Any]) -> list[tuple[str, Any]]:
    """(SVG, caption); our own numbers, names escaped."""
    return [(mark_safe(draw(report)), caption) for draw, caption in CHARTS] if report else []  # noqa: S308


def _table(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The numbers under the charts, a row per strength."""
    if not report:
        return []
    random = {row["r"]: row for row in report["arms"]["random"]}
    found = report["dial"]
    return [
        {**row, "random": random[row["r"]], "efficient": 0 <= row["r"] <= found["r_max"] and found["usable"]}
        for row in report["arms"]["steered"]
    ]


def _choices(
    behaviour: str, model: serving.Model | None, held: serving.Dial, made: list[DialCalibration]
) -> list[dict[str, Any]]:
    """What can be switched on, newest first: `refused` says why one cannot, `serves` which one does."""
    rows = [
        {
            "use": str(one.pk),
            "made": one,
            "serves": held.on and held.made == one,
            "refused": serving.why_not(one, model),
            "verdict": _verdict(one.report),
        }
        for one in made
        if one.report or one.error
    ]
    if model and (report := serving.shipped(model).get(behaviour)):
        serves = held.on and held.made is None
        rows.append({"use": serving.SHIPPED, "made": None, "serves": serves, "verdict": _verdict(report)})
    return rows
