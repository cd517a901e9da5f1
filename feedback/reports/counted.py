"""Which of a person's messages count in figures over several chats. The one place that decides it."""

from __future__ import annotations

from django.db.models import QuerySet

from peersupport.people.models import User
from peersupport.practice.models import Message, PracticeChat


def counted_messages(user: User) -> QuerySet[Message]:
    """What the person wrote as the counselor, in practice chats that have ended.

    A chat in progress would move the figures while it is looked at; what another try took over from its first
    chat would count twice; a chat that was brought need not be the person's own; and what they may have
    written of themselves is no counselling.
    """
    return Message.objects.filter(
        chat__volunteer=user,
        chat__status=PracticeChat.Status.ENDED,
        chat__kind=PracticeChat.Kind.PRACTICE,
        role=Message.Role.COUNSELOR,
        copied=False,
        risk_level=Message.Risk.NONE,
    )
