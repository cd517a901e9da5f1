"""A volunteer deletes one of their own chats, with all that hangs on it."""

from __future__ import annotations

from django.db import transaction

from peersupport.audit.log import record
from peersupport.jobs.models import Job
from peersupport.people import erasure
from peersupport.people.models import User
from peersupport.practice import slots
from peersupport.practice.models import PracticeChat


class KeptError(Exception):
    """A trainer's rating stands on the chat, and with it perhaps a certificate."""


def is_kept(chat: PracticeChat) -> bool:
    return chat.pk in slots.call(slots.CHATS_KEPT, [chat])


@transaction.atomic
def delete(chat: PracticeChat, *, by: User) -> None:
    """Erase the chat with its tags, report, files and jobs, whether it ended or goes on. Raises KeptError."""
    # Jobs before the chat, as a worker that closes one locks them.
    list(Job.objects.select_for_update().filter(ordering_key=chat.ordering_key).order_by("pk"))
    if PracticeChat.objects.select_for_update().filter(pk=chat.pk).first() is None:
        return
    if is_kept(chat):  # asked under the lock: a rating comes before this, or finds no chat
        raise KeptError
    record(by, "delete", chat)
    keys = erasure.erase_chat(chat.pk)
    Job.objects.filter(ordering_key__in=keys).delete()
