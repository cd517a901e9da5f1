"""Pages of the second factor: set it up, give its code, renew recovery codes, take it away."""

from __future__ import annotations

from base64 import b32encode

import django_otp
import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from peersupport.people import access, passwords, second_factor, timezones
from peersupport.people.models import Role
from peersupport.people.second_factor import WrongCode

_KEY = "second_factor_key"  # the secret being set up: in this session only, so that no other knows it


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "people/second_factor.html", _overview(request))


def _overview(request: HttpRequest, **more) -> dict:
    return {
        "device": second_factor.device_of(request.user),
        "codes_left": second_factor.codes_left(request.user),
        "codes_given": second_factor.RECOVERY_CODES,
        "required": _required(request),
        **more,
    }


def _required(request: HttpRequest) -> bool:
    return settings.SECOND_FACTOR and request.user.role in second_factor.REQUIRED_ROLES


@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """The key as QR code and text; a right code makes it the person's and shows the recovery codes."""
    if second_factor.device_of(request.user) is not None:
        return redirect("people:second-factor")
    key = request.session.setdefault(_KEY, second_factor.new_key())
    if request.method == "POST":
        try:
            _check_password(request)
            device, codes = second_factor.confirm(request.user, key, request.POST.get("code", ""))
        except WrongCode as error:
            return _set_up_page(request, key, error=str(error), status=400)
        del request.session[_KEY]
        _pass(request, device)
        return render(request, "people/recovery_codes.html", {"codes": codes, "next": _next(request)})
    return _set_up_page(request, key)


def _set_up_page(request: HttpRequest, key: str, *, error: str = "", status: int = 200) -> HttpResponse:
    address = second_factor.unsaved_device(request.user, key).config_url
    secret = b32encode(bytes.fromhex(key)).decode()
    context = {
        "qr": segno.make_qr(address, error="m").svg_data_uri(scale=5, light="#fff"),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "required": _required(request),
        "next": _next(request),
        "error": error,
    }
    return render(request, "people/second_factor_set_up.html", context, status=status)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """The code after the password."""
    if not getattr(request, "half_signed_in", False):
        return redirect(_next(request) or "home")
    error = ""
    if request.method == "POST":
        try:
            _pass(request, second_factor.verify(request.user, request.POST.get("code", "")))
            timezones.follow_browser(request.user, request.POST.get("browser_zone", ""))
            return redirect(_next(request) or "home")
        except WrongCode as wrong:
            error = str(wrong)
    context = {"error": error, "next": _next(request)}
    return render(request, "people/second_factor_check.html", context, status=400 if error else 200)


@sensitive_post_parameters("password", "code")
@require_POST
def renew(request: HttpRequest) -> HttpResponse:
    refused = _prove_again(request)
    if refused:
        return refused
    codes = second_factor.renew_codes(request.user)
    return render(request, "people/recovery_codes.html", {"codes": codes, "next": ""})


@sensitive_post_parameters("password", "code")
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    refused = _prove_again(request)
    if refused:
        return refused
    second_factor.remove(request.user, actor=request.user, verb="second_factor_removed")
    messages.success(request, _("The second factor is removed."))
    return redirect("people:second-factor")


def _prove_again(request: HttpRequest) -> HttpResponse | None:
    """Password and code once more, before a change; a page that says what was wrong, or None."""
    if second_factor.device_of(request.user) is None:
        return redirect("people:second-factor")
    try:
        _check_password(request)
        second_factor.verify(request.user, request.POST.get("code", ""))
    except WrongCode as error:
        context = _overview(request, error=str(error))
        return render(request, "people/second_factor.html", context, status=400)
    return None


@require_POST
@access.role_required(Role.ADMIN)
def reset(request: HttpRequest, person_id: int) -> HttpResponse:
    """For somebody who lost the phone and the codes. Their sessions owe a second factor from then on."""
    person = access.person_for_user(request.user, person_id)
    if person == request.user:
        messages.error(request, _("Your own second factor is removed with its code, on your own page."))
    elif second_factor.remove(person, actor=request.user, verb="second_factor_reset"):
        messages.success(
            request, _("%(name)s can sign in with the password and set it up again.") % {"name": person}
        )
    else:
        messages.error(request, _("%(name)s has no second factor.") % {"name": person})
    return redirect("people:person", person.pk)


def _check_password(request: HttpRequest) -> None:
    """Raises WrongCode."""
    if not passwords.prove(request, request.POST.get("password", "")):
        raise WrongCode(_("That is not your password."))


def _pass(request: HttpRequest, device: TOTPDevice) -> None:
    """The session has passed: a new key for it, as after every change of what it may do."""
    request.session.cycle_key()
    rotate_token(request)
    django_otp.login(request, device)


def _next(request: HttpRequest) -> str:
    address = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if safe and address.startswith("/") else ""
