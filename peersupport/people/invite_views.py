"""The admin's pages to invite people and to make a new link; the page where a password is chosen."""

from __future__ import annotations

import codecs

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from peersupport.audit.log import record
from peersupport.decoding import NOT_TEXT, to_utf8
from peersupport.people import access, invitations
from peersupport.people.models import Role, User
from peersupport.uploads import OneFile

FILE_BYTES = 256 * 1024
EXAMPLE = "name,full name,email,role,cohort\nkim,Kim Park,kim@example.org,volunteer,North\n"


@csrf_exempt  # for `_invite`, which is protected: the check reads the form, and that needs the handler first
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@access.role_required(Role.ADMIN)
def invite(request: HttpRequest) -> HttpResponse:
    """Paste or choose a table, look it over line by line, invite; then the links, once, to print or copy.
    Nobody is invited unseen: another table than the one that was looked over is looked over first (409)."""
    upload = OneFile(FILE_BYTES)
    request.upload_handlers = [upload]
    try:
        request.POST  # noqa: B018 - read here, so that what is too long is answered in words
    except RequestDataTooBig:
        return _form(request, status=413, problem=_("That is too long for one table of people."))
    return _invite(request, upload)


@csrf_protect
def _invite(request: HttpRequest, upload: OneFile) -> HttpResponse:
    if request.method != "POST":
        return _form(request)
    text, notice = request.POST.get("text", ""), ""
    if upload.too_long:
        return _form(request, status=413, problem=_("That is too long for one table of people."), text=text)
    if upload.content:
        try:
            text, notice = _text_of(upload.content)
        except ValidationError as error:
            return _form(request, status=400, problem=error.messages[0], text=text)
    found = invitations.read(text)
    shown = {"text": text, "found": found, "seen": invitations.digest_of(text), "notice": notice}
    if found.problem or "confirm" not in request.POST or not found.may:
        status = 400 if found.problem or ("confirm" in request.POST and not found.may) else 200
        return _form(request, status=status, problem=found.problem, **shown)
    if request.POST.get("seen") != shown["seen"]:
        words = _("This is not the table that you looked over, so nobody was invited yet. Look at it now.")
        return _form(request, status=409, problem=words, **shown)
    try:
        made = invitations.invite(found, by=request.user)
    except ValidationError as error:
        return _form(request, status=400, problem=error.messages[0], text=text)
    return _links(request, made)


def _text_of(content: bytes) -> tuple[str, str]:
    """(the text of a file, what to say of how it was read). Raises ValidationError where it is no text."""
    for magic, words, _mend in NOT_TEXT:
        if content.startswith(magic):
            raise ValidationError(f"{words} {_('Save the table as CSV in UTF-8.')}")
    content, notice = to_utf8(content)
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if marked else "utf-8-sig"), notice
    except UnicodeDecodeError:
        words = _("This is no text that can be read.")
        raise ValidationError(f"{words} {_('Save the table as CSV in UTF-8.')}") from None


def _form(request: HttpRequest, *, status: int = 200, **context) -> HttpResponse:
    context = {"example": EXAMPLE, "most": invitations.MOST, **context}
    return render(request, "people/invite.html", context, status=status)


def _links(request: HttpRequest, people: list[User]) -> HttpResponse:
    rows = [(person, request.build_absolute_uri(invitations.link_for(person))) for person in people]
    return render(request, "people/links.html", {"rows": rows, "days": settings.INVITE_DAYS})


@require_POST
@access.role_required(Role.ADMIN)
def new_link(request: HttpRequest, person_id: int) -> HttpResponse:
    """A link with which the person chooses a new password; what they have now works until then."""
    person = access.person_for_user(request.user, person_id)
    if not person.is_active:
        messages.error(request, _("This account is closed."))
        return redirect("people:person", person.pk)
    record(request.user, "password_link", person)
    return _links(request, [person])


class Welcome(PasswordResetConfirmView):
    """Django's own page: the token leaves the address at once, works once, and for INVITE_DAYS."""

    template_name = "people/welcome.html"
    success_url = reverse_lazy("people:login")

    def get_user(self, uidb64: str) -> User | None:
        """A link opens nothing while the account is closed."""
        found = super().get_user(uidb64)
        return found if found is not None and found.is_active else None

    @transaction.atomic
    def form_valid(self, form) -> HttpResponse:
        record(self.user, "password_set", self.user)
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return super().form_valid(form)
