"""A chat that ends before its volunteer wrote a word: there is nothing to report on, and nothing is kept."""

from __future__ import annotations

from django.db import transaction

from peersupport.people.models import User
from peersupport.practice import deleting
from peersupport.practice.models import Message, PracticeChat


@transaction.atomic
def discard(chat: PracticeChat, *, by: User) -> bool:
    """Delete the chat if it goes on without a message of its volunteer; False where there is one.

    No job of such a chat exists, so that its row may be locked first.
    """
    open_chats = PracticeChat.objects.select_for_update().filter(status=PracticeChat.Status.OPEN)
    if not open_chats.filter(pk=chat.pk).exists():
        return False
    if Message.objects.filter(chat=chat, role=Message.Role.COUNSELOR, copied=False).exists():
        return False
    deleting.delete(chat, by=by)
    return True
