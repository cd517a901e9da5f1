"""A volunteer deletes one of their own chats, with all that hangs on it."""

from __future__ import annotations

from django.db import transaction

from peersupport.audit.log import record
from peersupport.people import erasure, erasure_list
from peersupport.people.models import User
from peersupport.practice import slots
from peersupport.practice.models import PracticeChat


class KeptError(Exception):
    """A trainer's rating stands on the chat, and with it perhaps a certificate."""


def is_kept(chat: PracticeChat) -> bool:
    return chat.pk in slots.call(slots.CHATS_KEPT, [chat])


@transaction.atomic
def delete(chat: PracticeChat, *, by: User, listed: bool = True) -> None:
    """Erase the chat with its tags, report, files and jobs, whether it ended or goes on. Raises KeptError.
    `listed`: put it on the list of erasures, as every chat must be that holds words of its volunteer."""
    found = erasure.lock_chat(chat.pk)
    if found is None:
        return
    if is_kept(found):  # asked under the lock: a rating comes before this, or finds no chat
        raise KeptError
    if listed:
        erasure_list.put_chat(found, by=by)
    else:
        record(by, erasure_list.DELETED, found)
    erasure.erase_chat(found.pk)
