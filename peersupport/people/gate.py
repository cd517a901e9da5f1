"""Nobody sees a page signed out or half signed in: gates before every view, open for a short list only."""

from __future__ import annotations

from inspect import iscoroutinefunction
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_otp import DEVICE_ID_SESSION_KEY

from peersupport.people.second_factor import State, device_of, state

# What a person may reach between password and code. A view that is not named here is closed.
OPEN_TO_ALL = {"people:logout", "leave", "healthz", "readyz"}
WAY_ON = {State.CHECK: "people:second-factor-check", State.SET_UP: "people:second-factor-set-up"}


def way_back(request: HttpRequest) -> str:
    """The path of the page to go on with after signing in; "" for home.

    A form's address takes posts only and a fragment's is part of a page: then it is the page that asked.
    """
    fragment = request.headers.get("HX-Request") == "true"
    if request.method in ("GET", "HEAD") and not fragment:
        return request.get_full_path()
    page = request.headers.get("HX-Current-URL" if fragment else "Referer", "")
    own = {request.get_host()}
    if not url_has_allowed_host_and_scheme(page, allowed_hosts=own, require_https=request.is_secure()):
        return ""
    parts = urlsplit(page)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _lead_to(request: HttpRequest, address: str, back: str) -> HttpResponse:
    if back:
        address += "?" + urlencode({"next": back})
    if request.headers.get("HX-Request") == "true":  # htmx would put that page where the fragment belongs
        return HttpResponseClientRedirect(address)
    return redirect(address)


class SignedInMiddleware(LoginRequiredMiddleware):
    """Leads who is not signed in, or not any more, to sign in and from there back to where they were."""

    def handle_no_permission(self, request: HttpRequest, view) -> HttpResponse:
        return _lead_to(request, resolve_url(self.get_login_url(view)), way_back(request))


def _is_form_opened(request: HttpRequest, response) -> bool:
    opened = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    return opened and response.status_code == 405


@sync_and_async_middleware
def FormAddressMiddleware(get_response):
    """An address that takes posts only, opened as a page: by whoever signed in on the way back to a form with
    an error, which stood there, or by the address bar. The way home is better than an empty page."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            response = await get_response(request)
            return redirect("home") if _is_form_opened(request, response) else response
    else:

        def middleware(request):
            response = get_response(request)
            return redirect("home") if _is_form_opened(request, response) else response

    return middleware


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
        return _lead_to(request, reverse(WAY_ON[found]), "" if name == "home" else way_back(request))
