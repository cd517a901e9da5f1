"""Which techniques hold now in many messages at once, without reading their text."""

from __future__ import annotations

from django.db.models import QuerySet

from peersupport.practice.models import Message
from skills.models import Correction, SkillTag, Tagging
from skills.taxonomy import TECHNIQUES


def present_codes(messages: QuerySet[Message]) -> dict:
    """{message id: codes that hold after trainers' corrections}; untagged messages are left out. 3 queries,
    however many messages."""
    return {pk: codes for codes, (pk,) in present_rows(messages, "pk")}


def present_rows(messages: QuerySet[Message], *fields: str) -> list[tuple[frozenset[str], tuple]]:
    """As `present_codes`, each with the values of these fields of its message."""
    # Ids in a subquery, never as values: a person may have written thousands of messages.
    chosen = messages.order_by().values("pk")
    taggings = Tagging.objects.filter(message__in=chosen, current=True)
    rows = list(taggings.values_list("message_id", *(f"message__{name}" for name in fields)))
    found: dict = {row[0]: set() for row in rows}
    tags = SkillTag.objects.filter(tagging__message__in=chosen, tagging__current=True).order_by()
    for pk, code in tags.values_list("tagging__message_id", "code"):
        found[pk].add(code)
    said = Correction.objects.filter(message__in=chosen).order_by("id")
    for pk, code, action in said.values_list("message_id", "code", "action"):
        if pk in found:  # in order of time, so that the last word holds
            (found[pk].discard if action == Correction.Action.REMOVE else found[pk].add)(code)
    return [(frozenset(found[pk] & TECHNIQUES.keys()), tuple(values)) for pk, *values in rows]
