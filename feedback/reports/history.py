"""The technique mix of a chat beside its volunteer's own earlier chats."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from feedback.reports.counted import counted_messages
from peersupport.practice.models import PracticeChat
from skills.present import present_rows

MOST = 50  # chats: the newest before this one


def beside_earlier(mix: Sequence[dict[str, Any]], chat: PracticeChat) -> dict[str, Any]:
    """{"earlier": how many earlier practice chats of the volunteer count, "mix": its rows, each with
    "earlier", in how many of them its technique was used}. A chat that was brought need not be the person's
    own, and is set beside nothing. 3 queries."""
    used = {} if chat.is_imported or not mix else _used_before(chat)
    chats = Counter(code for codes in used.values() for code in codes)
    return {"earlier": len(used), "mix": [{**row, "earlier": chats[row["code"]]} for row in mix]}


def _used_before(chat: PracticeChat) -> dict[Any, set[str]]:
    """{earlier chat: techniques in it}; one without a tagged message of the volunteer is left out."""
    earlier = PracticeChat.objects.filter(
        volunteer=chat.volunteer,
        kind=PracticeChat.Kind.PRACTICE,
        status=PracticeChat.Status.ENDED,
        created_at__lt=chat.created_at,
    )
    newest = earlier.order_by("-created_at").values("pk")[:MOST]
    used: dict[Any, set[str]] = defaultdict(set)
    for codes, (chat_id,) in present_rows(
        counted_messages(chat.volunteer).filter(chat__in=newest), "chat_id"
    ):
        used[chat_id] |= codes
    return used
