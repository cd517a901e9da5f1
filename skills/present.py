"""Which techniques hold now in many messages at once, without reading their text."""

from __future__ import annotations

from django.db.models import QuerySet

from peersupport.practice.models import Message
from skills.models import Correction, SkillTag, Tagging
from skills.taxonomy import TECHNIQUES


def present_codes(messages: QuerySet[Message]) -> dict:
    """{message id: codes that hold after trainers' corrections}; untagged messages are left out. 3 queries,
    however many messages."""
    # Ids in a subquery, never as values: a person may have written thousands of messages.
    chosen = messages.order_by().values("pk")
    taggings = Tagging.objects.filter(message__in=chosen, current=True)
    found: dict = {pk: set() for pk in taggings.values_list("message_id", flat=True)}
    tags = SkillTag.objects.filter(tagging__message__in=chosen, tagging__current=True).order_by()
    for pk, code in tags.values_list("tagging__message_id", "code"):
        found[pk].add(code)
    said = Correction.objects.filter(message__in=chosen).order_by("id")
    for pk, code, action in said.values_list("message_id", "code", "action"):
        if pk in found:  # in order of time, so that the last word holds
            (found[pk].discard if action == Correction.Action.REMOVE else found[pk].add)(code)
    return {pk: frozenset(codes & TECHNIQUES.keys()) for pk, codes in found.items()}
