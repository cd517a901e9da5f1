"""The page Evidence and the card of a technique."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.evidence import besides
from feedback.evidence.cards import evidence_card as build_card
from feedback.evidence.grades import LOOKS
from feedback.evidence.persuading import PERSUADING
from feedback.evidence.study.as_evidence import FAILED
from feedback.studies import rows as studies
from peersupport.audit.log import record_read
from peersupport.people import access
from peersupport.practice.models import Message
from skills import packing
from skills.models import Tagging
from skills.review.disputes import dispute_form
from skills.tagger.card import measured_codes
from skills.tags import tag_views
from skills.taxonomy import EMPATHY, TECHNIQUES


@require_safe
def evidence(request: HttpRequest) -> HttpResponse:
    """All techniques and empathy scales by grade, under the study that serves now."""
    study = studies.serving_study()
    beside = studies.beside_study(study)
    cards = [build_card(code, study, beside=beside) for code in (*TECHNIQUES, *EMPATHY)]
    groups = [(look, [card for card in cards if card.grade.key == key]) for key, look in LOOKS.items()]
    published = next((one for one in (study, beside) if one and one.slug == besides.SLUG), None)
    context = {
        "study": study,
        "beside": beside,
        "groups": groups,
        "caveats": _told(request, study.caveats),
        "published": published,
        "parts": besides.parts(),
    }
    return render(request, "feedback/evidence.html", context)


def _told(request: HttpRequest, caveats: tuple[str, ...]) -> tuple[str, ...]:
    """What failed while a study was made is for admins: to others such a technique is simply not tested."""
    return tuple(one for one in caveats if request.user.is_admin or not one.startswith(FAILED))


@require_safe
def evidence_card(request: HttpRequest, code: str) -> HttpResponse:
    """The card of one technique; with `?message=` also its probability, where that message carries it."""
    if code not in TECHNIQUES and code not in EMPATHY:
        raise Http404
    message = _message(request)
    carried = {view.code: view.probability for view in tag_views([message])[message.pk]} if message else {}
    study = studies.serving_study()
    card = build_card(
        code,
        study,
        beside=studies.beside_study(study),
        probability=carried.get(code),
        # Which of the two it is may be unclear only where one of them was found.
        probabilities=_probabilities(message) if PERSUADING & carried.keys() else None,
        reliability=measured_codes().get(code),
    )
    card = replace(card, caveats=_told(request, card.caveats))
    context = {
        "card": card,
        "message": message,
        "dispute": dispute_form(message, code, request.user) if message else None,
    }
    return render(request, "feedback/_card.html" if request.htmx else "feedback/card.html", context)


def _message(request: HttpRequest) -> Message | None:
    """The message that `?message=` names, where the person may read it."""
    if "message" not in request.GET:
        return None
    try:
        message_id = uuid.UUID(request.GET["message"])
    except ValueError:
        raise Http404 from None
    message = access.message_for_user(request.user, message_id)
    record_read(request.user, message, owner_id=message.chat.volunteer_id)
    return message


def _probabilities(message: Message) -> dict[str, float] | None:
    tagging = Tagging.objects.filter(message=message, current=True).first()
    return packing.unpack(tagging.probabilities) if tagging else None
