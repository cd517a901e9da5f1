"""A trainer's corrections of the tags of one message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction

from peersupport.audit.log import record
from peersupport.people.models import User
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills.models import Correction, Review
from skills.storing import differences
from skills.tags import tag_views
from skills.taxonomy import TECHNIQUES


@transaction.atomic
def correct_tags(
    message: Message,
    *,
    codes: Iterable[str],
    trainer: User,
    note: str = "",
    spans: Mapping[str, tuple[int, int]] | None = None,
    review: Review | None = None,
) -> int:
    """Make `codes` the message's techniques; one Correction per difference. Returns how many.

    `spans`: where a technique is said, as character offsets; left out: where the tagger saw it, else in the
    whole message. Raises ValueError for a code outside the taxonomy.
    """
    wanted, spans = set(codes), spans or {}
    if unknown := wanted - TECHNIQUES.keys():
        raise ValueError(f"unknown techniques: {', '.join(sorted(unknown))}")
    chat = PracticeChat.objects.select_for_update().get(pk=message.chat_id)
    present = {view.code: (view.start, view.end) for view in tag_views([message])[message.pk]}
    changes = differences(wanted, spans, present)
    for code, action, start, end in changes:
        Correction.objects.create(
            message=message,
            code=code,
            action=action,
            trainer=trainer,
            note=note[:500],
            start=start,
            end=end,
            review=review,
        )
    if changes:
        record(trainer, "correct", message)
        ChatEvent.append(chat, ChatEvent.Kind.TURN, message)
    return len(changes)
