"""The messages that the rules of conduct find, for the trainers' queue: read off the words, not stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peersupport.practice.models import Message
from peersupport.safety.conduct import concerns

MOST_KEPT = 100_000
MOST_AT_ONCE = 500  # more are asked for by their chats
# What was found in messages that this process has looked at: a message's words never change.
_known: dict[Any, bool] = {}


def pointed_at(chats: Sequence[Any]) -> list:
    """Ids of counselor's messages in these chats, newest chats first. 2 queries, 1 where all are known."""
    said = Message.objects.filter(
        chat__in=chats, role=Message.Role.COUNSELOR, copied=False, risk_level=Message.Risk.NONE
    )
    ids = list(said.order_by("-chat__created_at", "chat", "index").values_list("pk", flat=True))
    new = [pk for pk in ids if pk not in _known]
    if len(_known) + len(new) > MOST_KEPT:
        _known.clear()
        new = ids
    if new:
        rows = said.filter(pk__in=new) if len(new) < MOST_AT_ONCE else said
        _known.update((pk, bool(concerns(text))) for pk, text in rows.order_by().values_list("pk", "text"))
    return [pk for pk in ids if _known.get(pk)]
