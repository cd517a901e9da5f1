"""Pages of mock chats: rating one, its certificate, and all of a cohort with the raters' agreement."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.models import MockRating
from feedback.reports import cohort as cohort_figures
from feedback.signoff import agreement, certificate, ratings
from feedback.signoff.scales import SCALES
from peersupport.audit.log import record, record_read
from peersupport.people import access
from peersupport.people.models import Role
from peersupport.practice.models import PracticeChat

SHOWN = 100  # mock chats of a cohort, the newest


@sensitive_post_parameters("note")
@require_http_methods(["GET", "HEAD", "POST"])
def mock(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """What trainers rated, for the volunteer and for them; a trainer rates here."""
    chat = access.chat_for_user(request.user, chat_id)
    if request.method != "POST":
        record_read(request.user, chat, owner_id=chat.volunteer_id)
        return _mock_page(request, chat)
    if not request.user.is_trainer:
        raise PermissionDenied
    try:
        made = ratings.rate(chat, trainer=request.user, given=request.POST)
    except ValidationError as error:
        return _mock_page(request, chat, status=400, error=error.messages[0], form=request.POST)
    said = _("Signed off.") if made.is_signed_off else _("Saved: not yet.")
    messages.success(request, f"{said} {_('The volunteer finds it in the inbox.')}")
    return redirect("feedback:mock", chat.pk)


def _mock_page(request: HttpRequest, chat: PracticeChat, *, status: int = 200, **form) -> HttpResponse:
    given = ratings.ratings_of(chat)
    seen = ratings.seen_by(request.user, given)
    now = ratings.standing(seen)
    rated = any(row.trainer_id == request.user.pk for row in now)
    may_rate = request.user.is_trainer and not rated and ratings.can_be_rated(chat)
    posted = form.get("form", {})
    context = {
        "chat": chat,
        "is_own": chat.volunteer_id == request.user.pk,
        "ratings": now,
        "table": [(scale, [(row, getattr(row, scale.key)) for row in now]) for scale in SCALES],
        "described": [
            (
                row,
                [(scale, getattr(row, scale.key), scale.anchor(getattr(row, scale.key))) for scale in SCALES],
            )
            for row in now
        ],
        "withdrawable": ratings.withdrawable(request.user, now, chat.volunteer),
        "withdrawn": [row for row in seen if row.withdrawn_at],
        "hidden": len(ratings.standing(given)) - len(now),
        "state": ratings.state(now),
        "may_rate": may_rate,
        "since": ratings.since_report(chat) if may_rate else None,
        "can_be_rated": ratings.can_be_rated(chat),
        "scales": [(scale, posted.get(scale.key, "")) for scale in SCALES],
        "note_most": ratings.NOTE_CHARACTERS,
        "reason_most": ratings.REASON_CHARACTERS,
        **form,
    }
    return render(request, "feedback/mock.html", context, status=status)


@sensitive_post_parameters("reason")
@require_POST
def mock_withdraw(request: HttpRequest, rating_id: int) -> HttpResponse:
    rating = ratings.rating_for_user(request.user, rating_id)
    try:
        ratings.withdraw(rating, by=request.user, reason=request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        certificate.forget_chat(rating.chat_id, rating.chat.volunteer_id)
        messages.success(request, _("Withdrawn. The volunteer reads why in the inbox."))
    return redirect("feedback:mock", rating.chat_id)


def _signed(request: HttpRequest, chat_id: uuid.UUID) -> tuple[PracticeChat, list[MockRating]]:
    """The chat and the ratings that sign it off. Http404 where it is not signed off, and for a trainer from
    whom one of them is hidden still: the certificate holds its steps."""
    chat = access.chat_for_user(request.user, chat_id)
    found = certificate.standing_of(chat)
    if not found or ratings.seen_by(request.user, found) != found:
        raise Http404
    return chat, found


@require_safe
def certificate_page(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    chat, found = _signed(request, chat_id)
    record_read(request.user, chat, owner_id=chat.volunteer_id)
    context = {**certificate.context(chat, found), "file_state": certificate.state(chat, found)}
    fragment = request.htmx and not request.htmx.boosted and "file" in request.GET
    page = "feedback/_certificate_paper.html" if fragment else "feedback/certificate.html"
    return render(request, page, context)


@require_POST
def certificate_make(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """Ask a worker for the certificate as a PDF."""
    chat, found = _signed(request, chat_id)
    if certificate.state(chat, found) in ("none", "failed"):
        certificate.request_file(chat)
    return redirect(reverse("feedback:certificate", args=[chat.pk]) + "#file")


@require_safe
def certificate_file(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    """The PDF of the ratings that stand now; 404 until it is made."""
    chat, found = _signed(request, chat_id)
    try:
        content = certificate.path_of(chat, found).read_bytes()
    except FileNotFoundError:
        raise Http404 from None
    record(request.user, "export", found[-1])
    response = HttpResponse(content, content_type="application/pdf")
    name = f"certificate-{found[0].created_at:%Y%m%d}.pdf"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@access.role_required(Role.TRAINER)
def cohort_mocks(request: HttpRequest, cohort_id: int) -> HttpResponse:
    """Every mock chat of a cohort's volunteers, and how near two raters of the same chat come. By whom and
    how it stands is told to who has rated the chat, so that a second rating is made without the first."""
    found = access.cohort_for_user(request.user, cohort_id)
    rows = MockRating.objects.filter(
        chat__in=access.chats_for_user(request.user),
        chat__volunteer__in=cohort_figures.members(found),
        withdrawn_at=None,
    )
    given = list(rows.order_by("id"))
    by_chat: dict[uuid.UUID, list[MockRating]] = {}
    for row in given:
        by_chat.setdefault(row.chat_id, []).append(row)
    # Agreement is over all of them; who and what is read for those that are shown.
    shown = dict(list(reversed(by_chat.items()))[:SHOWN])
    prefetch_related_objects([row for pair in shown.values() for row in pair], "trainer")
    read = PracticeChat.objects.select_related("scenario", "volunteer").in_bulk(shown)
    chats = []
    for key in (key for key in shown if key in read):
        pair = shown[key]
        one = {"chat": read[key], "ratings": pair, "state": ratings.state(pair), "at": pair[0].created_at}
        if ratings.seen_by(request.user, pair) != pair:
            one |= {"ratings": [], "state": ""}
        chats.append(one)
    context = {
        "cohort": found,
        "chats": chats,
        "more": len(by_chat) - SHOWN,
        "agreement": agreement.agreement(given),
        "least": agreement.LEAST,
    }
    return render(request, "feedback/cohort_mocks.html", context)
