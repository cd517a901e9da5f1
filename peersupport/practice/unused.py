"""A chat that ends before its volunteer wrote a word: there is nothing to report on, and nothing is kept."""

from __future__ import annotations

from enum import Enum

from django.db import transaction

from peersupport.people.models import User
from peersupport.practice import deleting
from peersupport.practice.models import Message, PracticeChat


class Found(Enum):
    DISCARDED = "discarded"
    GONE = "gone"  # somebody else was first: another tab, an erasure
    STAYS = "stays"  # it has ended, or its volunteer wrote in it


@transaction.atomic
def discard(chat: PracticeChat, *, by: User) -> Found:
    """Delete the chat if it goes on without a message of its volunteer.

    No job of such a chat exists, so that its row may be locked first. It stands on the list of erasures only
    where it repeats words of the volunteer (another try): of any other, a restore brings nobody's words back,
    and exports that are being written, which leave out what goes on, need not begin anew.
    """
    found = PracticeChat.objects.select_for_update().filter(pk=chat.pk).first()
    if found is None:
        return Found.GONE
    said = Message.objects.filter(chat=chat, role=Message.Role.COUNSELOR)
    if not found.is_open or said.filter(copied=False).exists():
        return Found.STAYS
    deleting.delete(chat, by=by, listed=said.exists())
    return Found.DISCARDED
