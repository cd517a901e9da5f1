"""A person's own account: password, second factor, time zone."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from peersupport.people import second_factor, timezones
from peersupport.people.models import User
from peersupport.people.passwords import ChangePassword


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more) -> HttpResponse:
    context = {
        "device": second_factor.device_of(request.user),
        "zones": timezones.zones(),
        "listed": timezones.is_zone(request.user.time_zone) or request.user.time_zone == timezones.CHOSEN_UTC,
        "now": timezone.now(),
        **more,
    }
    return render(request, "people/account.html", context, status=status)


@sensitive_post_parameters()
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    """Another password, for who knows the one that holds now."""
    form = ChangePassword(request, request.POST)
    if not form.is_valid():
        problems = [problem for found in form.errors.values() for problem in found]
        return _page(request, status=400, password_problems=problems)
    form.save()
    messages.success(request, _("Your password is changed. Wherever else you were signed in, you are out."))
    return redirect("people:account")


@require_POST
def time_zone(request: HttpRequest) -> HttpResponse:
    name = request.POST.get("time_zone", "")
    if name != request.user.time_zone and not timezones.is_zone(name):
        return _page(request, status=400, zone_problem=_("Choose a time zone of the list."))
    User.objects.filter(pk=request.user.pk).update(time_zone=timezones.chosen(name))
    messages.success(request, _("Times are shown in %(zone)s now.") % {"zone": name.replace("_", " ")})
    return redirect("people:account")
