"""Which messages count in figures over several chats. The one place that decides it."""

from __future__ import annotations

from django.db.models import QuerySet

from peersupport.people.models import User
from peersupport.practice.models import Message, PracticeChat


def own_counselling() -> QuerySet[Message]:
    """What was written as the counselor and counts as counselling, of anybody and in any chat.

    What another try took over from its first chat would count twice, and what volunteers may have written of
    themselves is no counselling.
    """
    return Message.objects.filter(
        role=Message.Role.COUNSELOR, copied=False, risk_level=Message.Risk.NONE
    ).order_by()


def counted_messages(user: User) -> QuerySet[Message]:
    """What the person wrote as the counselor, in practice chats that have ended.

    A chat in progress would move the figures while it is looked at, and a chat that was brought need not be
    the person's own.
    """
    return own_counselling().filter(
        chat__volunteer=user,
        chat__status=PracticeChat.Status.ENDED,
        chat__kind=PracticeChat.Kind.PRACTICE,
    )
