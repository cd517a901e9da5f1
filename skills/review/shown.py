"""What a page shows of trainers' corrections beside the tags: what was taken away, and the notes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, QuerySet, Subquery, When

from peersupport.people.models import User
from peersupport.practice.models import Message
from skills.models import Correction, Dispute, Review
from skills.tagger.clean import looks_english
from skills.tags import TagView, latest_corrections, tag_views
from skills.taxonomy import TECHNIQUES


@dataclass
class CorrectionView:
    """Names of techniques taken away, and each note once: of codings that changed nothing, then of those
    that did, oldest first."""

    removed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def remarks() -> QuerySet[Review]:
    """Codings with a note that stands at no correction and in no answer to a dispute, and that hold since
    `at`: also the first of two blind ones that turned out the same."""
    same = Review.objects.filter(message=OuterRef("message"), kind=Review.Kind.BLIND, holds=True)
    agreed = Subquery(same.order_by("id").values("saved_at")[:1])
    own = OuterRef("pk")
    return (
        Review.objects.exclude(note="")
        .annotate(at=Case(When(kind=Review.Kind.BLIND, then=agreed), default=F("saved_at")))
        .filter(
            ~Exists(Correction.objects.filter(review=own)),
            ~Exists(Dispute.objects.filter(review=own)),
            at__isnull=False,
        )
    )


def correction_views(latest: dict, remarked: dict[Any, list[str]] | None = None) -> dict:
    """{message id: CorrectionView} of the corrections that hold, as `latest_corrections` gives them, and of
    remarks without any: {message id: notes}."""
    views = {pk: CorrectionView(notes=list(dict.fromkeys(notes))) for pk, notes in (remarked or {}).items()}
    for message_id, by_code in latest.items():
        view = views.setdefault(message_id, CorrectionView())
        for correction in sorted(by_code.values(), key=lambda row: row.pk):
            if correction.action == Correction.Action.REMOVE:
                view.removed.append(TECHNIQUES[correction.code].name)
            if correction.note and correction.note not in view.notes:
                view.notes.append(correction.note)
    return views


@dataclass(frozen=True)
class MessageTags:
    """What a page shows of one message: its tags that hold, and what trainers took away or wrote."""

    tags: list[TagView]
    correction: CorrectionView | None
    notice: str = ""  # "not_english" of a message without tags that is in another language


def message_tags(messages: list[Message], user: User | None = None) -> dict[Any, MessageTags]:
    """By message id. 3 queries."""
    latest = latest_corrections(messages)
    remarked: dict = defaultdict(list)
    for pk, note in remarks().filter(message__in=messages).order_by("id").values_list("message_id", "note"):
        remarked[pk].append(note)
    corrected = correction_views(latest, remarked)
    views = tag_views(messages, user, corrections=latest)
    foreign = {one.pk for one in messages if not views[one.pk] and not looks_english(one.text)}
    return {
        pk: MessageTags(tags, corrected.get(pk), "not_english" if pk in foreign else "")
        for pk, tags in views.items()
    }
