"""A person's own data: see it, download it, erase it; and an admin's erasure of somebody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from tempfile import TemporaryFile

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from peersupport.audit.log import record
from peersupport.people import access, admins, consents, erasure, own_html, passwords
from peersupport.people import own_data as own
from peersupport.people.models import Consent, Role, User
from peersupport.people.sessions import give_back, session_holds

BLOCK_CHARACTERS = 65_536


def _context(user: User, **more) -> dict:
    return {"person": user, "backup_days": settings.BACKUP_DAYS, **erasure.holds(user), **more}


@require_safe
def own_data(request: HttpRequest) -> HttpResponse:
    more = {}
    if request.user.is_volunteer:
        more = {
            "choices": consents.choices(request.user),
            "may_choose_sharing": settings.VOLUNTEERS_CHOOSE_SHARING,
            "trainers": access.trainers_for_user(request.user),
            "fully_exportable": User.objects.filter(may_export_full=True, is_active=True).exists(),
        }
    return render(request, "people/own_data.html", _context(request.user, **more))


@require_POST
@access.role_required(Role.VOLUNTEER)
def own_choices(request: HttpRequest) -> HttpResponse:
    """What may be done with the person's practice; a box that is not ticked is a no."""
    seen = {purpose: request.POST.get(f"words-{purpose}", consents.VERSION) for purpose in Consent.Purpose}
    try:
        changed = consents.choose(request.user, agreed=request.POST.getlist("agree"), seen=seen)
    except consents.WordsChangedError:
        messages.error(request, _("The words changed while you read them. Please look at them again."))
        return redirect("people:own-data")
    if settings.VOLUNTEERS_CHOOSE_SHARING:
        changed += consents.share_new_chats(request.user, share="share" in request.POST)
    messages.success(request, _("Your choices are kept.") if changed else _("Nothing changed."))
    return redirect("people:own-data")


@require_safe
def own_data_read(request: HttpRequest) -> HttpResponse:
    """Everything about the person as one HTML page, streamed."""
    record(request.user, "export", request.user)
    pieces = own_html.as_html(request.user)
    response = StreamingHttpResponse(_blocks(request, pieces), content_type="text/html; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="your-data-{timezone.now():%Y%m%d}.html"'
    return response


@require_safe
def own_data_download(request: HttpRequest) -> HttpResponse:
    """Everything about the person as one JSON file, streamed."""
    record(request.user, "export", request.user)
    response = StreamingHttpResponse(
        _blocks(request, own.as_json(request.user)), content_type="application/json"
    )
    response["Content-Disposition"] = f'attachment; filename="your-data-{timezone.now():%Y%m%d}.json"'
    return response


async def _blocks(request: HttpRequest, pieces: Iterator[str]) -> AsyncIterator[str]:
    """The file in blocks, each when the one before is sent, and not if the session ended meanwhile. Until
    then it lies in a file without a name: a slow reader keeps no connection to the database."""

    @sync_to_async
    def write() -> None:
        try:
            file.writelines(pieces)
            file.seek(0)
        finally:
            give_back()

    @sync_to_async
    def following() -> str | None:
        try:
            if session_holds(request):
                return file.read(BLOCK_CHARACTERS)
            record(request.user, "export_stopped", request.user)
            return None
        finally:
            give_back()

    with TemporaryFile("w+", encoding="utf-8", newline="", dir=settings.DATA_DIR) as file:
        await write()
        while block := await following():
            yield block
    if block is None:
        # Django takes this for a reader who left: the connection is cut before the mark that the file is
        # whole, and nothing is logged as a fault.
        raise asyncio.CancelledError


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def erase_own(request: HttpRequest) -> HttpResponse:
    """Asks for the password; wrong ones count as at the sign-in page, so that guessing is no use here."""
    error, blocked = "", admins.is_last(request.user)
    if blocked:
        error = _(
            "You are the only admin who can sign in. Make somebody else an admin first, so that someone can "
            "run this place."
        )
    elif request.method == "POST":
        if passwords.prove(request, request.POST.get("password", "")):
            return _erase_own(request)
        error = _("That is not your password. Nothing was erased; please try again.")
    context = _context(request.user, error=error, blocked=blocked)
    status = 400 if error and request.method == "POST" else 200
    return render(request, "people/erase_own.html", context, status=status)


def _erase_own(request: HttpRequest) -> HttpResponse:
    try:
        erasure.ask(request.user, by=request.user)
    except admins.LastAdminError:  # the other admin went meanwhile; the page says so now
        return redirect("people:erase-own")
    request.session.flush()
    messages.success(request, _("Your account is closed. Everything in it is being erased now."))
    return redirect("people:login")


@require_http_methods(["GET", "HEAD", "POST"])
@access.role_required(Role.ADMIN)
def erase_person(request: HttpRequest, person_id: int) -> HttpResponse:
    person = access.person_for_user(request.user, person_id)
    if person == request.user:
        return redirect("people:erase-own")
    if request.method != "POST":
        return render(request, "people/erase.html", _context(person))
    if request.POST.get("sure") != "1":
        error = _("Nothing was erased: tick that you know that it cannot be undone.")
        return render(request, "people/erase.html", _context(person, error=error), status=400)
    try:
        erasure.ask(person, by=request.user)
    except admins.LastAdminError:
        messages.error(request, _("This is the only admin who can sign in. Make somebody else one first."))
        return redirect("people:person", person.pk)
    words = _("The account of %(name)s is closed, and all in it is being erased.")
    messages.success(request, words % {"name": person})
    return redirect("people:list")
