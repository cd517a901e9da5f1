"""What a trainer should look at next: missed signs of risk, words that may hurt, disputes, two codings that
differ, second looks, uncertain tags. Nothing is stored: the queue is read off the rows, so that it is never
stale.

It looks at the newest RECENT ended chats of the trainer's own cohorts, so that its cost does not grow with
the years; a dispute stands in it until it is answered, however old it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Exists, F, FloatField, Min, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from peersupport.people import access
from peersupport.people.models import User
from peersupport.practice.models import Message, PracticeChat
from skills.models import Correction, Dispute, Review, SkillTag
from skills.review.pointed import pointed_at
from skills.tagger.card import card_or_nothing
from skills.tagger.types import doubtful_below

RECENT = 300  # chats
MOST = 200  # of each reason
SECOND_LOOK_DAYS = 14  # how long a message waits for its second trainer

REASONS = {
    "missed": (_("Missed sign of risk"), _("No answer to a sign of risk was seen by rule. Look first.")),
    "conduct": (_("Words that may hurt"), _("Names, belittling or private contact, found by written rules.")),
    "dispute": (_("Disputed tag"), _("The volunteer does not agree and waits for your word.")),
    "conflict": (
        _("Two codings differ"),
        _("Two trainers differ: settle it with a note."),
    ),
    "second": (_("Second look"), _("Another trainer coded it; yours is compared with theirs.")),
    "uncertain": (_("Uncertain tag"), _("The tagger would rather not say.")),
}

# Instead of "second" where one's own coding is the only one.
OWN_LATE = (_("Second look"), _("No second trainer came. What you save now holds, with the tags in view."))

# Not what volunteers may have written of themselves, also where somebody coded it before that was known.
_ASKED_ABOUT = {"message__risk_level": Message.Risk.NONE}

# missed(ids of chats) -> {id of a counselor's message in which a sign of risk was not answered: index of that
# sign's message in the chat}
Missed = Callable[[list], Mapping[Any, int]]
_missed: list[Missed] = []


@dataclass(frozen=True)
class Item:
    message_id: Any
    reason: str


def register_missed(find: Missed) -> None:
    """Add a rule for missed signs of risk; called once with all chats. 2 queries at most."""
    if find not in _missed:
        _missed.append(find)


def items(user: User) -> list[Item]:
    """In the order to work through them, each message once. 10 queries at most."""
    found: dict[Any, str] = {}
    for reason, ids in _by_reason(user, access.chats_for_user(user)):
        for message_id in ids:
            found.setdefault(message_id, reason)
    return [Item(message_id, reason) for message_id, reason in found.items()]


def reason_for(user: User, message: Message) -> str:
    """Why the message stands in the person's queue, as `items` says it, looked up in its chat alone; empty
    where it does not. 10 queries at most."""
    chats = access.chats_for_user(user).filter(pk=message.chat_id)
    return next((reason for reason, ids in _by_reason(user, chats) if message.pk in ids), "")


def sign_missed(message: Message) -> Message | None:
    """The seeker's message whose sign of risk was not answered in this one. 3 queries at most."""
    for find in _missed:
        if (index := find([message.chat_id]).get(message.pk)) is not None:
            return message.chat.messages.filter(index=index).first()
    return None


def _by_reason(user: User, own: QuerySet[PracticeChat]) -> Iterator[tuple[str, Iterable]]:
    """Of the person's `own` chats, the most pressing reason first."""
    ended = own.filter(status=PracticeChat.Status.ENDED)
    recent = list(ended.order_by("-created_at").values_list("pk", flat=True)[:RECENT])
    yield "missed", _unseen([pk for find in _missed for pk in find(recent)])
    yield "conduct", _unseen(pointed_at(recent))
    yield "dispute", _disputes(own)
    seconds, conflicts = _double(user, own)
    yield "conflict", conflicts
    yield "second", seconds
    yield "uncertain", _uncertain(recent)


def _unseen(ids: list) -> list:
    seen = set(Review.objects.filter(message__in=ids).values_list("message_id", flat=True)) if ids else set()
    return [pk for pk in ids if pk not in seen][:MOST]


def _disputes(own: QuerySet[PracticeChat]) -> list:
    rows = Dispute.objects.filter(outcome="", message__chat__in=own, **_ASKED_ABOUT)
    return list(dict.fromkeys(rows.order_by("id").values_list("message_id", flat=True)[:MOST]))


def _double(user: User, own: QuerySet[PracticeChat]) -> tuple[list, list]:
    """(messages that wait for this trainer's own coding, messages whose two codings differ)."""
    settled = Review.objects.filter(message=OuterRef("message"), holds=True)
    rows = Review.objects.filter(kind=Review.Kind.BLIND, message__chat__in=own, **_ASKED_ABOUT)
    coded: dict = defaultdict(list)
    for row in rows.filter(~Exists(settled)).order_by("id")[: 2 * MOST]:
        coded[row.message_id].append(row)
    waits_since = timezone.now() - timedelta(days=SECOND_LOOK_DAYS)
    seconds = [
        pk
        for pk, found in coded.items()
        if len(found) == 1 and (found[0].trainer_id != user.pk or found[0].saved_at < waits_since)
    ]
    return seconds, [pk for pk, found in coded.items() if len(found) > 1]


def _uncertain(chats: list) -> list:
    """The nearest to their threshold first, by the serving version alone."""
    limits = {code: limit for code, limit in _limits().items() if limit[0] < limit[1]}
    if not limits:
        return []
    near, how_near = Q(), []
    for code, (threshold, above) in limits.items():
        near |= Q(code=code, probability__lt=above)
        share = (F("probability") - Value(threshold)) / Value(above - threshold)
        how_near.append(When(code=code, then=share))
    message = OuterRef("tagging__message")
    tags = SkillTag.objects.filter(
        near,
        ~Exists(Review.objects.filter(message=message)),
        ~Exists(Correction.objects.filter(message=message)),
        tagging__current=True,
        tagging__version=card_or_nothing().get("version", ""),
        tagging__message__copied=False,
        tagging__message__role=Message.Role.COUNSELOR,
        tagging__message__risk_level=Message.Risk.NONE,
        tagging__message__chat__in=chats,
    )
    nearest = Min(Case(*how_near, default=Value(1.0), output_field=FloatField()))
    by_message = tags.order_by().values("tagging__message").annotate(near=nearest)
    return list(
        by_message.order_by("near", "tagging__message").values_list("tagging__message", flat=True)[:MOST]
    )


def _limits() -> dict[str, tuple[float, float]]:
    """{code: (threshold, the chance up to which a tag is in doubt)} of the serving card."""
    card = card_or_nothing()
    margin = card.get("margin", 0.0)
    return {
        code: (figures["threshold"], doubtful_below(figures["threshold"], margin))
        for code, figures in card.get("codes", {}).items()
    }


def in_sample(message_id: Any) -> bool:
    """Whether the message is among those that two trainers code: always the same, and not to be guessed."""
    digest = salted_hmac("review.sample", str(message_id), algorithm="sha256").digest()
    return int.from_bytes(digest[:4], "big") % 100 < settings.REVIEW_DOUBLE_PERCENT
