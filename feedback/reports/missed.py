"""Signs of risk that were not picked up, for the trainers' queue: read off the crisis part of the reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef

from feedback.models import SessionReport
from feedback.reports.counted import own_counselling
from peersupport.practice.models import Message

STEPS = ("notice", "ask")  # what a rule can see right after a cue; the rest may come later in the chat


def missed_cues(chats: Sequence[Any]) -> dict[Any, int]:
    """{id of the counselor's message right after the first cue of a chat in which a first step was not seen:
    the index of the cue}; of a chat that ended on the cue, the message before it. What volunteers may have
    written of themselves is passed over. Newest chats first. 2 queries."""
    risky = Message.objects.filter(chat=OuterRef("chat"), role=Message.Role.SEEKER)
    rows = SessionReport.objects.filter(Exists(risky.exclude(risk_level=Message.Risk.NONE)), chat__in=chats)
    first_cue = {
        chat_id: crisis["cues"][0]["index"]
        for chat_id, crisis in rows.order_by("-chat__created_at").values_list("chat_id", "body__crisis")
        if crisis and _missed(crisis)
    }
    own: dict = defaultdict(list)
    said = own_counselling().filter(chat__in=first_cue)
    for pk, chat_id, index in said.order_by("index").values_list("pk", "chat_id", "index"):
        own[chat_id].append((index, pk))
    found = {}
    for chat_id, cue in first_cue.items():
        after = [pk for index, pk in own[chat_id] if index > cue]
        before = [pk for index, pk in own[chat_id] if index < cue]
        found |= dict.fromkeys(after[:1] or before[-1:], cue)
    return found


def _missed(crisis: dict) -> bool:
    if not crisis["answered"]:
        return True
    return any(item["key"] in STEPS and item["status"] == "not_seen" for item in crisis["checklist"])
