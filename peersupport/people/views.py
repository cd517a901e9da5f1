"""Signing in and out, the way home by role, and the admin's list of people."""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from peersupport.people import access, demo, second_factor, timezones
from peersupport.people.models import Membership, Role, User
from peersupport.people.passwords import SignIn

SHOWN = 100
_HOME = {Role.VOLUNTEER: "practice:scenarios", Role.TRAINER: "practice:chats", Role.ADMIN: "people:list"}


class Login(LoginView):
    template_name = "people/login.html"
    authentication_form = SignIn
    redirect_authenticated_user = True

    def form_valid(self, form) -> HttpResponse:
        user = form.get_user()
        if second_factor.device_of(user) is None:  # else once its code was given
            timezones.follow_browser(user, self.request.POST.get("browser_zone", ""))
        return super().form_valid(form)

    def get_context_data(self, **kwargs):
        return super().get_context_data(demo=demo.is_shown(), **kwargs)


class Logout(LogoutView):
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'  # drafts go with the person, script or not
        return response


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect(_HOME[Role(request.user.role)])


@login_not_required
@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """A page with nothing on it, for someone who has to be off the chat at once."""
    return render(request, "people/leave.html")


@require_safe
@access.role_required(Role.ADMIN)
def people(request: HttpRequest) -> HttpResponse:
    """Accounts by role and name, a hundred to a page; `q` is a part of a name or an address."""
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:150]
    current = Membership.objects.current()
    found = access.people_for_user(request.user)
    for word in wanted.split():
        fields = ("username", "first_name", "last_name", "email")
        matches = [Q(**{f"{name}__icontains": word}) for name in fields]
        matches.append(Q(memberships__in=current.filter(cohort__name__icontains=word)))
        found = found.filter(pk__in=User.objects.filter(reduce(or_, matches)).values("pk"))
    shown = Prefetch("memberships", current.select_related("cohort").order_by("cohort__name"), "current")
    page = Paginator(found.prefetch_related(shown), SHOWN).get_page(request.GET.get("page"))
    context = {"people": page, "q": wanted, "cohorts": access.cohorts_for_user(request.user).count()}
    return render(request, "people/list.html", context)
