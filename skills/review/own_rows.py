"""What tagger and trainers said about a person's messages, for the file of their own data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Q

from peersupport.people.models import User
from skills import packing
from skills.models import Correction, Dispute, Review, Tagging
from skills.review.shown import remarks

EMPATHY = ("emotional_reactions", "interpretations", "explorations")


def taggings(user: User) -> Iterator[dict]:
    """Every tagging by every version, with all probabilities; `tags` are the techniques found present."""
    rows = Tagging.objects.filter(message__chat__volunteer=user).prefetch_related("tags").order_by("id")
    for tagging in rows.iterator(chunk_size=500):
        names = ("message_id", "version", *EMPATHY, "notice", "current", "created_at")
        yield {name: getattr(tagging, name) for name in names} | {
            "probabilities": packing.unpack(tagging.probabilities),
            "tags": [
                {"code": tag.code, "probability": tag.probability, "start": tag.start, "end": tag.end}
                for tag in tagging.tags.all()
            ],
        }


def corrections(user: User) -> Iterable[dict]:
    """On the person's messages by any trainer, and by the person as a trainer on anybody's."""
    rows = Correction.objects.filter(Q(message__chat__volunteer=user) | Q(trainer=user)).order_by("id")
    for row in rows.iterator():
        names = ("message_id", "code", "action", "start", "end", "note", "created_at")
        yield {name: getattr(row, name) for name in names} | {"by_you": row.trainer_id == user.pk}


def disputes(user: User) -> Iterable[dict]:
    rows = Dispute.objects.filter(volunteer=user).order_by("id")
    names = ("message_id", "code", "reason", "words", "created_at", "outcome", "answer", "decided_at")
    return rows.values(*names).iterator()


def reviews(user: User) -> Iterator[dict]:
    """By the person as a trainer, and on the person's messages where the coding holds or its note is shown:
    one that waits for a second trainer would be seen by neither volunteer nor colleague."""
    mine = Q(message__chat__volunteer=user)
    shown = Q(pk__in=remarks().filter(mine).values("pk"))
    rows = Review.objects.filter(mine & (Q(holds=True) | shown) | Q(trainer=user)).order_by("id")
    for row in rows.iterator():
        names = ("message_id", "kind", "codes", "spans", "note", "holds", "saved_at")
        yield {name: getattr(row, name) for name in names} | {"by_you": row.trainer_id == user.pk}


def objects(user: User) -> dict[str, list[str]]:
    """Whose audit lines belong to the person: reviews of their messages and disputes of theirs."""
    reviewed = Review.objects.filter(message__chat__volunteer=user).values_list("pk", flat=True)
    disputed = Dispute.objects.filter(volunteer=user).values_list("pk", flat=True)
    return {"review": [str(pk) for pk in reviewed], "dispute": [str(pk) for pk in disputed]}
