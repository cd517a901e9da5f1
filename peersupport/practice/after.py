"""What a volunteer keeps about a chat they ended: how they rate it, and two answers after a hard one."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport.practice.chats import held
from peersupport.practice.models import AfterChat, Message, PracticeChat, SeekerStateRecord

HIGH_DISTRESS = 0.65  # the scenarios start between .50 and .85
LOW_RATING = 2


def of(chat: PracticeChat) -> AfterChat:
    """The chat's row, or an empty one that is not saved. 1 query, none where it was read with the chat."""
    try:
        return chat.after
    except AfterChat.DoesNotExist:
        return AfterChat(chat=chat)


@transaction.atomic
def rate(chat: PracticeChat, ratings: Mapping[str, int | None], *, shared: bool) -> None:
    """Keep the ratings; what is not on the scale counts as left out. All left out: passed over.
    Raises Http404 where the chat is gone."""
    given = {name: value for name, value in ratings.items() if value in AfterChat.SCALE}
    values = {name: given.get(name) for name in AfterChat.RATINGS}
    held(chat)
    AfterChat.objects.update_or_create(
        chat=chat, defaults={**values, "asked": timezone.now(), "ratings_shared": shared and bool(given)}
    )


@transaction.atomic
def answer(chat: PracticeChat, *, stays: str, goes: str, shared: bool) -> None:
    """Keep the two answers, or take them away again by leaving them empty. Raises ValidationError with words
    for the volunteer where one is too long; what was kept before stays; and Http404 as `rate`."""
    texts = {"stays": _clean(stays), "goes": _clean(goes)}
    held(chat)
    AfterChat.objects.update_or_create(
        chat=chat, defaults={**texts, "answers_shared": shared and any(texts.values())}
    )


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) > AfterChat.ANSWER_MAX_CHARACTERS:
        words = _("An answer is %(have)d characters long. Please keep it under %(most)d.")
        raise ValidationError(words % {"have": len(text), "most": AfterChat.ANSWER_MAX_CHARACTERS})
    return text


def signs(chat: str) -> dict[str, Exists | Subquery]:
    """Annotations for rows whose field `chat` names the chat: what `was_hard` reads, and whether the
    volunteer may have written of themselves."""
    said = Message.objects.filter(chat=OuterRef(chat)).exclude(risk_level=Message.Risk.NONE)
    states = SeekerStateRecord.objects.filter(message__chat=OuterRef(chat)).order_by("-message__index")
    return {
        "risky": Exists(said),
        "disclosed": Exists(said.filter(role=Message.Role.COUNSELOR, copied=False)),
        "last_distress": Subquery(states.values("distress")[:1]),
    }


def was_hard(chat: PracticeChat, after: AfterChat, *, risky: bool, last_distress: float | None) -> bool:
    """Whether a break is due: a risk, distress that stayed, or a volunteer who feels it. A topic that was
    warned of is no reason alone: most are, and what is said after each chat is read after none."""
    if chat.scenario and chat.scenario.risk:
        return True
    if after.feel_all_right is not None and after.feel_all_right <= LOW_RATING:
        return True
    return risky or (last_distress is not None and last_distress >= HIGH_DISTRESS)
