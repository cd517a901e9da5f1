"""A volunteer's own progress, with goals."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from feedback.reports import goals
from feedback.reports import progress as figures
from feedback.reports.charts import bars
from feedback.reports.trends import trends
from feedback.signoff.ratings import mock_chats
from peersupport.people import access
from peersupport.people.models import Role

# What a figure is called in the comparison, over its chart, and what its share is of.
NAMES = {
    "reflections": gettext_lazy("Messages with a reflection"),
    "questions": gettext_lazy("Messages with a question"),
    "complex": gettext_lazy("Complex ones among reflections"),
    "open": gettext_lazy("Open ones among questions"),
    "adherent": gettext_lazy("Messages with an affirmation, autonomy or collaboration"),
    "non_adherent": gettext_lazy("Messages with something that guidelines discourage"),
    "ratio": gettext_lazy("Reflections for each question"),
}


def _progress(request: HttpRequest, *, status: int = 200, **form) -> HttpResponse:
    found = figures.sessions(request.user)
    mine = goals.open_goals(request.user)
    newest = found[-1] if found else None
    for goal in mine:
        if newest:
            goal.count, goal.n = newest.counts.by_code.get(goal.technique, 0), newest.counts.messages
    taken = {goal.technique for goal in mine}
    context = {
        "sessions": found,
        "goals": mine,
        "choices": [one for one in goals.practisable() if one.code not in taken],
        "room_for_goal": len(mine) < goals.MOST,
        "goal_words": goals.WORDS,
        "mock_chats": mock_chats(request.user),
        **form,
    }
    if found:
        mix, compared = figures.mix(found), figures.before_after(found)
        for row in compared["rows"] if compared else []:
            row["name"] = NAMES[row["key"]]
        charts = trends(found)
        for chart in charts:
            chart["name"] = NAMES[chart["key"]]
        context |= {
            "totals": figures.totals(found),
            "mix": {**mix, "rows": bars(mix["rows"])},
            "charts": charts,
            "compared": compared,
        }
    return render(request, "feedback/progress.html", context, status=status)


@require_safe
@access.role_required(Role.VOLUNTEER)
def progress(request: HttpRequest) -> HttpResponse:
    """The person's own figures; nobody else sees this page."""
    return _progress(request)


@sensitive_post_parameters("words")
@require_POST
@access.role_required(Role.VOLUNTEER)
def goal_set(request: HttpRequest) -> HttpResponse:
    words = " ".join(request.POST.get("words", "").replace("\0", "").split())
    technique, until = request.POST.get("technique", ""), request.POST.get("until", "")
    try:
        goals.set_goal(request.user, technique=technique, words=words, until=goals.read_date(until))
    except ValidationError as error:
        form = {"technique": technique, "words": words, "until": until}
        return _progress(request, status=400, error=error.messages[0], form=form)
    messages.success(request, _("It is your goal now. You see it when you choose a scenario."))
    return redirect(reverse("feedback:progress") + "#goals")


@require_POST
@access.role_required(Role.VOLUNTEER)
def goal_close(request: HttpRequest, goal_id: int) -> HttpResponse:
    if goals.close_goal(goals.goal_for_user(request.user, goal_id)):
        messages.success(request, _("Goal closed."))
    return redirect(reverse("feedback:progress") + "#goals")
