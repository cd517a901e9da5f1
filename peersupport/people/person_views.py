"""The admin's page of one person: role, cohorts, signing in, closing the account."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from peersupport.people import access, admins, erasure_list, managing, second_factor
from peersupport.people.models import Cohort, Role


@require_safe
@access.role_required(Role.ADMIN)
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    someone = access.person_for_user(request.user, person_id)
    current = list(someone.memberships.current().select_related("cohort").order_by("cohort__name"))
    ended = someone.memberships.exclude(pk__in=[row.pk for row in current]).select_related("cohort")
    cohorts = access.cohorts_for_user(request.user)
    context = {
        "person": someone,
        "current": current,
        "ended": ended.order_by("-until", "-pk"),
        "cohorts": cohorts.exclude(pk__in=[row.cohort_id for row in current]),
        "roles": [role for role in Role if role != someone.role],
        "has_second_factor": second_factor.device_of(someone) is not None,
        "is_own": someone == request.user,
        "is_last_admin": admins.is_last(someone),
        "is_going": erasure_list.is_asked(someone),
    }
    return render(request, "people/person.html", context)


@require_POST
@access.role_required(Role.ADMIN)
def set_role(request: HttpRequest, person_id: int) -> HttpResponse:
    """Nobody but another admin gives back one's own role, so that takes a tick."""
    someone = access.person_for_user(request.user, person_id)
    wanted, is_own = request.POST.get("role", ""), someone == request.user
    if wanted not in Role.values:
        messages.error(request, _("Choose a role."))
    elif is_own and request.POST.get("sure") != "1":
        messages.error(request, _("Nothing was changed: tick that you want to give up your own role."))
    elif _did(request, lambda: managing.set_role(someone, Role(wanted), by=request.user)):
        words = _("%(name)s is now: %(role)s, in no cohort.") % {"name": someone, "role": Role(wanted).label}
        if is_own:
            request.session.flush()
        messages.success(request, words)
        if is_own:
            return redirect("people:login")
    return redirect("people:person", someone.pk)


@require_POST
@access.role_required(Role.ADMIN)
def add_to_cohort(request: HttpRequest, person_id: int) -> HttpResponse:
    words = _("%(name)s belongs to %(cohort)s from now on.")
    return _in_cohort(request, person_id, managing.add_to_cohort, words)


@require_POST
@access.role_required(Role.ADMIN)
def end_in_cohort(request: HttpRequest, person_id: int) -> HttpResponse:
    words = _("%(name)s does not belong to %(cohort)s any more.")
    return _in_cohort(request, person_id, managing.end_in_cohort, words)


def _in_cohort(request: HttpRequest, person_id: int, change: Callable[..., bool], words: str) -> HttpResponse:
    someone, cohort = access.person_for_user(request.user, person_id), _cohort(request)
    if cohort is None:
        messages.error(request, _("Choose a cohort."))
    elif _did(request, lambda: change(someone, cohort, by=request.user)):
        messages.success(request, words % {"name": someone, "cohort": cohort})
    return redirect("people:person", someone.pk)


@require_POST
@access.role_required(Role.ADMIN)
def close_account(request: HttpRequest, person_id: int) -> HttpResponse:
    someone = access.person_for_user(request.user, person_id)
    if _did(request, lambda: managing.close_account(someone, by=request.user)):
        messages.success(request, _("The account is closed. Everything in it stays."))
    return redirect("people:person", someone.pk)


@require_POST
@access.role_required(Role.ADMIN)
def open_account(request: HttpRequest, person_id: int) -> HttpResponse:
    someone = access.person_for_user(request.user, person_id)
    if _did(request, lambda: managing.open_account(someone, by=request.user)):
        messages.success(request, _("The account is open again, with the password and role it had."))
    return redirect("people:person", someone.pk)


def _did(request: HttpRequest, change: Callable[[], bool]) -> bool:
    """Whether it changed something; the next page says why not."""
    try:
        if change():
            return True
        messages.info(request, _("Nothing changed."))
    except admins.LastAdminError:
        messages.error(request, _("This is the only admin who can sign in. Make somebody else one first."))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return False


def _cohort(request: HttpRequest) -> Cohort | None:
    key = request.POST.get("cohort", "")
    is_number = key.isascii() and key.isdigit() and len(key) < 10
    return access.cohorts_for_user(request.user).filter(pk=int(key)).first() if is_number else None
