"""A trainer's corrections of the tags of one message."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from peersupport.audit.log import record
from peersupport.people.models import User
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills.models import Correction
from skills.tags import tag_views
from skills.taxonomy import TECHNIQUES


@transaction.atomic
def correct_tags(message: Message, *, codes: Iterable[str], trainer: User, note: str = "") -> int:
    """Make `codes` the message's techniques; one Correction per difference. Returns how many.

    Raises ValueError for a code outside the taxonomy.
    """
    wanted = set(codes)
    if unknown := wanted - TECHNIQUES.keys():
        raise ValueError(f"unknown techniques: {', '.join(sorted(unknown))}")
    chat = PracticeChat.objects.select_for_update().get(pk=message.chat_id)
    present = {view.code for view in tag_views([message])[message.pk]}
    changes = [(code, Correction.Action.ADD) for code in sorted(wanted - present)]
    changes += [(code, Correction.Action.REMOVE) for code in sorted(present - wanted)]
    for code, action in changes:
        Correction.objects.create(message=message, code=code, action=action, trainer=trainer, note=note[:500])
    if changes:
        record(trainer, "correct", message)
        ChatEvent.append(chat, ChatEvent.Kind.TURN, message)
    return len(changes)
