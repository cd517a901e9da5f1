"""Writing the seeker's answer: once, and only while it is one. Call these with the chat's row locked; without
the lock `expects_reply` tells only what was so a moment ago."""

from __future__ import annotations

from django.db.models import Q

from peersupport import seeker
from peersupport.practice import chats
from peersupport.practice.models import Message, PracticeChat


def expects_reply(chat: PracticeChat, message: Message) -> bool:
    """Not twice, and not while the exercise is set aside for the volunteer's own distress."""
    if not chat.is_open or message.risk_level != Message.Risk.NONE:
        return False
    # Someone who writes two messages in a row is answered once, to the second.
    newer = Q(role=Message.Role.COUNSELOR, index__gt=message.index)
    answered = Q(idempotency_key=_key(message))
    return not Message.objects.filter(newer | answered, chat=chat).exists()


def write_reply(
    chat: PracticeChat, message: Message, reply: seeker.Reply, state: seeker.SeekerState, version: str
) -> Message:
    """The seeker says it. `state` is the one after the message, `version` the tagger's that moved it."""
    return chats.write_seeker_message(
        chat, reply, key=_key(message), state=state, reasons=[], version=version
    )


def _key(message: Message) -> str:
    return f"reply:{message.pk}"
