"""Another try: a chat that branches off an ended one at one of the volunteer's own messages.

What was said before that message is copied with the seeker's state, so that the seeker answers as the
person they were at that moment. Copies carry no tags and are counted nowhere: they belong to the first chat.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from peersupport.practice.models import Message, PracticeChat, SeekerStateRecord

_KEPT = ("index", "role", "text", "idempotency_key", "risk_level")
_STATE = ("openness", "distress", "trust", "resistance", "layer", "reasons", "line_id", "tagger_version")


@transaction.atomic
def try_again(message: Message) -> PracticeChat:
    """An open chat that stands where `message` was about to be written.

    One that nobody has written in yet is given again, so that asking twice makes one. Raises
    ValidationError for a chat that goes on or was imported, and for a message of the seeker.
    """
    chats = PracticeChat.objects.select_for_update(of=("self",)).select_related("scenario")
    chat = chats.get(pk=message.chat_id)
    if chat.is_open:
        raise ValidationError(_("This chat still goes on. End it first; then you can try another answer."))
    if chat.is_imported:
        raise ValidationError(_("Nobody answers in an uploaded chat: practise with a scenario."))
    if not message.is_counselor:
        raise ValidationError(_("Another try starts at a message of your own."))
    answered = Message.objects.filter(chat=OuterRef("pk"), role=Message.Role.COUNSELOR, copied=False)
    waiting = PracticeChat.objects.filter(
        ~Exists(answered), parent_message=message, status=PracticeChat.Status.OPEN
    ).first()
    return waiting or _branch(chat, message)


def _branch(chat: PracticeChat, message: Message) -> PracticeChat:
    branch = PracticeChat.objects.create(
        volunteer_id=chat.volunteer_id,
        scenario=chat.scenario,
        seed=chat.seed,
        shared=chat.shared,  # it holds copies of what was said there
        last_index=message.index - 1,
        is_try=True,
        parent=chat,
        parent_message=message,
    )
    said = list(chat.messages.filter(index__lt=message.index).order_by("index"))
    copies = {row.pk: Message(chat=branch, copied=True, **_fields(row, _KEPT)) for row in said}
    Message.objects.bulk_create(copies.values())
    states = SeekerStateRecord.objects.filter(message__in=said)
    SeekerStateRecord.objects.bulk_create(
        SeekerStateRecord(message=copies[state.message_id], **_fields(state, _STATE)) for state in states
    )
    return branch


def _fields(row, names: tuple[str, ...]) -> dict:
    return {name: getattr(row, name) for name in names}


@dataclass(frozen=True)
class Said:
    """The messages of a chat in their order, read once."""

    messages: tuple[Message, ...]

    @property
    def first_answer(self) -> Message | None:
        """The message in which a try differs from the chat it branched off; None before it is written."""
        return next((one for one in self.messages if one.is_counselor and not one.copied), None)

    def reply_to(self, message: Message) -> Message | None:
        """What the seeker said next."""
        return next((one for one in self._of_seeker if one.index > message.index), None)

    def words_before(self, message: Message) -> Message | None:
        """What the seeker had said just before."""
        return next((one for one in reversed(self._of_seeker) if one.index < message.index), None)

    @property
    def _of_seeker(self) -> list[Message]:
        return [one for one in self.messages if one.role == Message.Role.SEEKER]


def said_in(*chats: PracticeChat) -> list[Said]:
    """What was said in each chat. 1 query for all of them."""
    found = list(Message.objects.filter(chat__in=chats).order_by("index"))
    return [Said(tuple(one for one in found if one.chat_id == chat.pk)) for chat in chats]
