"""A volunteer's word against a tag: kept once per tag, shown on the message, read later by a trainer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.people.models import User
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills.models import Dispute, Review
from skills.tags import tag_views


@transaction.atomic
def dispute_tag(message: Message, code: str, *, volunteer: User, reason: str, words: str = "") -> Dispute:
    """Keep the dispute, or its new reason where there is one already.

    Raises ValueError for a reason that is not on the list, and for a tag that the message does not carry;
    ValidationError, with words for the volunteer, for too long a text.
    """
    if reason not in Dispute.Reason.values:
        raise ValueError(f"no such reason: {reason}")
    words = words.replace("\r\n", "\n").replace("\x00", "").strip().encode("utf-8", "replace").decode("utf-8")
    if len(words) > Dispute.WORDS_MAX_CHARACTERS:
        raise ValidationError(
            _("The text is %(have)d characters long. Please keep it under %(most)d.")
            % {"have": len(words), "most": Dispute.WORDS_MAX_CHARACTERS}
        )
    chat = PracticeChat.objects.select_for_update().get(pk=message.chat_id)
    if code not in {view.code for view in tag_views([message])[message.pk]}:
        raise ValueError(f"the message carries no tag {code}")
    dispute, created = Dispute.objects.update_or_create(
        message=message,
        code=code,
        volunteer=volunteer,
        defaults={
            "reason": reason,
            "words": words,
            # Said anew, it is looked at anew.
            "outcome": Dispute.Outcome.OPEN,
            "answer": "",
            "decided_at": None,
            "review": None,
        },
    )
    if created:
        ChatEvent.append(chat, ChatEvent.Kind.TURN, message)
    return dispute


def disputed(messages: list[Message]) -> dict:
    """{message id: codes of its tags whose dispute is open}. 1 query."""
    found: dict = defaultdict(set)
    rows = Dispute.objects.filter(message__in=messages, outcome=Dispute.Outcome.OPEN)
    for message_id, code in rows.values_list("message_id", "code"):
        found[message_id].add(code)
    return found


def decide(review: Review) -> int:
    """Answer the open disputes on the reviewed message: what is coded stays, what is not goes. Returns how
    many. Call inside a transaction."""
    found = list(Dispute.objects.filter(message=review.message, outcome=Dispute.Outcome.OPEN))
    for dispute in found:
        kept = dispute.code in review.codes
        dispute.outcome = Dispute.Outcome.KEPT if kept else Dispute.Outcome.TAKEN_AWAY
        dispute.answer, dispute.decided_at, dispute.review = review.note, timezone.now(), review
        dispute.save(update_fields=["outcome", "answer", "decided_at", "review"])
        record(review.trainer, "dispute_answered", dispute)
    return len(found)


def reopen(review: Review) -> None:
    """Make open again what this coding answered."""
    review.disputes.update(outcome=Dispute.Outcome.OPEN, answer="", decided_at=None, review=None)


@dataclass(frozen=True)
class DisputeForm:
    """What a card shows below a tag. `made` is the dispute that stands, `may` whether this person may make
    one: the volunteer whose message it is."""

    message: Message
    code: str
    made: Dispute | None
    may: bool
    reasons: list[tuple[str, str]]


def dispute_form(message: Message, code: str, user: User) -> DisputeForm | None:
    """None where there is no tag to dispute, or nothing for this person to see. 5 queries at most."""
    made = Dispute.objects.filter(message=message, code=code).first()
    may = message.chat.volunteer_id == user.pk
    if not made and not (may and code in {view.code for view in tag_views([message])[message.pk]}):
        return None
    return DisputeForm(message, code, made, may, Dispute.Reason.choices)
