"""Keeping what the tagger said, and reading what holds after trainers' corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.db.models import Prefetch

from peersupport.people.models import User
from peersupport.practice.models import Message
from skills import packing
from skills.models import Correction, SkillTag, Tagging
from skills.tagger.card import read_card
from skills.taxonomy import EMPATHY, TECHNIQUES

if TYPE_CHECKING:
    from skills.tagger import TagResult


@dataclass(frozen=True)
class TagView:
    """One technique on one message as a page shows it."""

    code: str
    name: str
    probability: float | None  # None: a trainer added it, the tagger did not find it
    start: int
    end: int
    by_trainer: bool
    low_reliability: bool


@cache
def low_reliability_codes() -> frozenset[str]:
    """Codes that the shipped card marks as unreliable (F1 < .60 or n < 30, measured)."""
    codes = read_card()["codes"]
    return frozenset(code for code, row in codes.items() if row["low_reliability"])


def store(message: Message, result: TagResult, version: str) -> Tagging:
    """Write a tagging and make it the current one. The same version written again replaces
    nothing and doubles nothing: the row that is there is returned."""
    Tagging.objects.filter(message=message, current=True).exclude(version=version).update(current=False)
    tagging, created = Tagging.objects.get_or_create(
        message=message,
        version=version,
        defaults={
            "probabilities": packing.pack(result.probabilities),
            "notice": result.notice,
            **{
                head: result.empathy.get(head, 0)
                for head in ("emotional_reactions", "interpretations", "explorations")
            },
        },
    )
    if created:
        SkillTag.objects.bulk_create(
            SkillTag(
                tagging=tagging,
                code=code,
                probability=result.probabilities[code],
                start=result.spans[code][0],
                end=result.spans[code][1],
            )
            for code in result.present
        )
    elif not tagging.current:
        Tagging.objects.filter(pk=tagging.pk).update(current=True)
    return tagging


def _latest_corrections(messages: Iterable[Message]) -> dict:
    latest: dict = defaultdict(dict)
    for correction in Correction.objects.filter(message__in=messages).order_by("id"):
        latest[correction.message_id][correction.code] = correction.action
    return latest


def tag_views(messages: list[Message], user: User | None = None) -> dict:
    """{message id: tags that hold now, strongest first, trainers' additions last}. 3 queries."""
    low = low_reliability_codes()
    corrections = _latest_corrections(messages)
    tags = Prefetch("tags", queryset=SkillTag.objects.order_by("-probability"))
    taggings = Tagging.objects.filter(message__in=messages, current=True).prefetch_related(tags)
    found = {tagging.message_id: list(tagging.tags.all()) for tagging in taggings}
    lengths = {message.pk: len(message.text) for message in messages}
    views = {}
    for message_id, length in lengths.items():
        said = corrections.get(message_id, {})
        kept = [
            TagView(
                tag.code,
                TECHNIQUES[tag.code].name,
                tag.probability,
                tag.start,
                tag.end,
                by_trainer=tag.code in said,
                low_reliability=tag.code in low,
            )
            for tag in found.get(message_id, [])
            if said.get(tag.code) != Correction.Action.REMOVE
        ]
        present = {view.code for view in kept}
        added = [
            code for code, action in said.items() if action == Correction.Action.ADD and code not in present
        ]
        kept += [
            TagView(code, TECHNIQUES[code].name, None, 0, length, by_trainer=True, low_reliability=False)
            for code in added
        ]
        views[message_id] = kept
    return views


def tag_results(messages: list[Message]) -> dict:
    """{message id: TagResult that holds now}; messages without a tagging are left out.

    A technique that a trainer added is present with the probability the tagger gave it, over the
    whole message; one that a trainer removed is not present.
    """
    from skills.tagger import TagResult

    views = tag_views(messages)
    results = {}
    for tagging in Tagging.objects.filter(message__in=messages, current=True):
        kept = views[tagging.message_id]
        results[tagging.message_id] = TagResult(
            probabilities=packing.unpack(tagging.probabilities),
            present=[view.code for view in kept],
            empathy={head: getattr(tagging, head) for head in EMPATHY},
            spans={view.code: (view.start, view.end) for view in kept},
            notice=tagging.notice,
        )
    return results
