"""The trainer's cohorts: who practised, who waits, what grows, and what they are asked to practise."""

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

from feedback.reports import cohort as figures
from feedback.reports.raised import raised_most
from peersupport.people import access
from peersupport.people import cohorts as changing
from peersupport.people.models import Role
from peersupport.practice import assignments
from peersupport.practice.models import Assignment
from peersupport.practice.scenarios import offered

NAMES = {
    "reflections": gettext_lazy("Messages with a reflection"),
    "questions": gettext_lazy("Messages with a question"),
    "adherent": gettext_lazy("Messages with an affirmation, autonomy or collaboration"),
    "non_adherent": gettext_lazy("Messages with something that guidelines discourage"),
}


@require_safe
@access.role_required(Role.TRAINER, Role.ADMIN)
def cohorts(request: HttpRequest) -> HttpResponse:
    rows = figures.cohort_rows(access.cohorts_for_user(request.user))
    context = {"cohorts": rows, "least": figures.LEAST, "days": figures.RECENT_DAYS}
    return render(request, "feedback/cohorts.html", context)


@require_safe
@access.role_required(Role.TRAINER, Role.ADMIN)
def cohort(request: HttpRequest, cohort_id: int) -> HttpResponse:
    """A trainer sees each volunteer; an admin figures of the whole cohort alone."""
    return _page(request, access.cohort_for_user(request.user, cohort_id))


def _page(request: HttpRequest, found, *, status: int = 200, **form) -> HttpResponse:
    volunteers = figures.volunteers(found, request.user)
    grown = figures.grown(found)
    context = {
        "cohort": found,
        "totals": figures.totals(volunteers, named=request.user.is_trainer),
        "grown": grown,
        "groups": [(NAMES[key], row) for key, row in grown.groups.items()],
        "least": figures.LEAST,
        "days": figures.RECENT_DAYS,
        **form,
    }
    if request.user.is_trainer:
        raised = raised_most(volunteers)
        for person in volunteers:
            person.raised = raised.get(person.pk)
        running, past = assignments.of_cohort(found, volunteers)
        scenarios = offered([found]).order_by("-baseline", "title")
        context |= {
            "volunteers": volunteers,
            "assignments": running,
            "past": past,
            "scenarios": scenarios.only("pk", "title", "risk", "baseline"),
            "note_most": Assignment.NOTE_MAX_CHARACTERS,
        }
    return render(request, "feedback/cohort.html", context, status=status)


@require_POST
@access.role_required(Role.ADMIN)
def cohort_change(request: HttpRequest, cohort_id: int) -> HttpResponse:
    """Another name, or with `do=delete` away with one that nothing hangs on."""
    found = access.cohort_for_user(request.user, cohort_id)
    name = request.POST.get("name", "")
    try:
        if request.POST.get("do") == "delete":
            changing.delete(found, by=request.user)
            messages.success(request, _("The cohort is deleted."))
            return redirect("feedback:cohorts")
        if changing.rename(found, name, by=request.user):
            messages.success(request, _("Renamed. Everybody in it finds it under the new name."))
        else:
            messages.info(request, _("Nothing changed."))
    except ValidationError as error:
        return _page(request, found, status=400, name_error=error.messages[0], name=name)
    return redirect("feedback:cohort", found.pk)


@sensitive_post_parameters("note")
@require_POST
@access.role_required(Role.TRAINER)
def assign(request: HttpRequest, cohort_id: int) -> HttpResponse:
    found = access.cohort_for_user(request.user, cohort_id)
    post, volunteer = request.POST, None
    scenarios = offered([found])
    try:
        if key := post.get("volunteer"):
            volunteer = _chosen(figures.members(found), key, _("Choose a volunteer of the cohort."))
        assignments.assign(
            found,
            _chosen(scenarios, post.get("scenario", ""), _("Choose a scenario.")),
            by=request.user,
            volunteer=volunteer,
            begins=assignments.read_date(post.get("begins", ""), name=_("Begins")),
            due=assignments.read_date(post.get("due", ""), name=_("Due")),
            note=post.get("note", ""),
        )
    except ValidationError as error:
        return _page(request, found, status=400, error=error.messages[0], form=post)
    messages.success(request, _("Assigned. The volunteers see it where they choose a scenario."))
    return redirect(reverse("feedback:cohort", args=[found.pk]) + "#assignments")


def _chosen(rows, key: str, words: str):
    found = rows.filter(pk=int(key)).first() if key.isascii() and key.isdigit() and len(key) < 10 else None
    if found is None:
        raise ValidationError(words)
    return found


@require_POST
@access.role_required(Role.TRAINER)
def assignment_close(request: HttpRequest, assignment_id: int) -> HttpResponse:
    found = access.assignment_for_user(request.user, assignment_id)
    if assignments.close(found, by=request.user):
        messages.success(request, _("Taken back: nobody is asked to practise it any more."))
    return redirect(reverse("feedback:cohort", args=[found.cohort_id]) + "#assignments")
