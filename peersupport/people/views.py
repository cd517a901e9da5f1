"""Signing in and out, the way home by role, and the admin's list of people."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from peersupport.people import access, second_factor
from peersupport.people.models import Role

_HOME = {Role.VOLUNTEER: "practice:scenarios", Role.TRAINER: "practice:chats", Role.ADMIN: "people:list"}


class Login(LoginView):
    template_name = "people/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs):
        return super().get_context_data(demo=settings.DEMO, **kwargs)


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
    return render(
        request,
        "people/list.html",
        {
            "people": second_factor.with_state(access.people_for_user(request.user)),
            "cohorts": access.cohorts_for_user(request.user),
        },
    )
