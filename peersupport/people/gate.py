"""Nobody sees a page half signed in: one gate before every view, open for a short list only."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django_otp import DEVICE_ID_SESSION_KEY

from peersupport.people.second_factor import State, device_of, state

# What a person may reach between password and code. A view that is not named here is closed.
OPEN_TO_ALL = {"people:logout", "leave", "healthz", "readyz"}
WAY_ON = {State.CHECK: "people:second-factor-check", State.SET_UP: "people:second-factor-set-up"}


class SecondFactorMiddleware(MiddlewareMixin):
    """After the login middleware: leads people who still owe a code, or a set-up, to that page alone."""

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        name = request.resolver_match.view_name
        if name in OPEN_TO_ALL or not request.user.is_authenticated:
            return None
        found = state(request.user, request.session.get(DEVICE_ID_SESSION_KEY), device_of(request.user))
        if found is State.OPEN:
            return None
        request.half_signed_in = True
        if name == WAY_ON[found]:
            return None
        target = reverse(WAY_ON[found])
        if request.method == "GET" and name != "home":
            target += "?" + urlencode({"next": request.get_full_path()})
        return redirect(target)
