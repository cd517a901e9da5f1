"""Gold: what trainers settled about messages, and for what each message may be used.

A message counts where a trainer coded it, or two agreed or a third settled it; of a correction older than the
review queue only the technique that it names is known. It counts only where its volunteer agrees now to
improving the tagger, and still shares the chat. What a volunteer may have written of themselves never counts.

Each chat is put in one of three parts by a hash of its id, so that no chat is ever in two of them, today or
after more of it was coded: 30 in a hundred are *frozen* (their messages that two trainers coded measure, the
others serve for nothing), 15 settle thresholds, the rest is learnt.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from peersupport.people.consents import consenting
from peersupport.people.models import Consent
from peersupport.practice.models import Message
from skills.corpora.example import GOLD, Example
from skills.models import Correction, Review
from skills.retag import with_previous
from skills.taxonomy import CODES

FROZEN, SETTLES = 30, 15  # of a hundred chats
PAGE = 500  # messages whose text is read at once


@dataclass(frozen=True)
class Settled:
    """One message: techniques that are there and that are not; the others are unknown. `twice`: two trainers
    coded it on their own, and agreed or had it settled: in a frozen chat that is what counts, also where
    somebody coded it once more with the tagger's tags in view."""

    message_id: Any
    chat_id: Any
    there: frozenset[str]
    absent: frozenset[str]
    twice: bool

    @property
    def part(self) -> str:
        """`train`, `val`, `test`, or empty where it serves for nothing."""
        part = part_of(self.chat_id)
        return "" if part == "test" and not self.twice else part


@dataclass(frozen=True)
class Counts:
    """Messages by what they serve for, and from how many chats they are."""

    learnt: int
    settling: int
    frozen: int
    unused: int
    chats: int


def part_of(chat_id: Any) -> str:
    """Always the same for a chat, whatever the secret key."""
    place = int.from_bytes(hashlib.sha256(f"gold:{chat_id}".encode()).digest()[:4], "big") % 100
    if place < FROZEN:
        return "test"
    return "val" if place < FROZEN + SETTLES else "train"


def settled(before: datetime) -> list[Settled]:
    """Everything said up to this moment, in the order of the message ids. 4 queries, and no text is read."""
    usable = _usable()
    newest: dict[Any, Review] = {}
    apart: dict[Any, Review] = {}  # the newest that was not made with the tagger's tags in view
    reviews = Review.objects.filter(holds=True, saved_at__lte=before, message__in=usable).order_by("id")
    for review in reviews.select_related("message").only("codes", "kind", "message__chat_id", "saved_at"):
        newest[review.message_id] = review
        if review.kind != Review.Kind.OPEN:
            apart[review.message_id] = review
    blind = Review.objects.filter(kind=Review.Kind.BLIND, saved_at__lte=before, message__in=usable)
    coders: dict[Any, int] = defaultdict(int)
    for pk in blind.order_by().values_list("message_id", flat=True):
        coders[pk] += 1
    found = []
    for pk, review in newest.items():
        twice = coders[pk] > 1 and pk in apart
        # What measures must not lean towards the version that it measures.
        codes = (apart[pk] if twice and part_of(review.message.chat_id) == "test" else review).codes
        there = frozenset(codes) & frozenset(CODES)
        absent = frozenset(CODES) - there
        found.append(Settled(pk, review.message.chat_id, there, absent, twice))
    return sorted(found + _older(before, usable, newest), key=lambda one: str(one.message_id))


def _usable() -> QuerySet[Message]:
    """Messages that may be learnt from: of volunteers who agree, in chats that they share; not what they may
    have written of themselves."""
    return Message.objects.filter(
        role=Message.Role.COUNSELOR,
        copied=False,
        risk_level=Message.Risk.NONE,
        chat__shared=True,
        chat__volunteer__is_active=True,
        chat__volunteer__in=consenting(Consent.Purpose.TAGGER),
    ).order_by()


def _older(before: datetime, usable: QuerySet[Message], known: Iterable[Any]) -> list[Settled]:
    """Messages with corrections of no review: the last word on each technique that they name."""
    known, said = set(known), defaultdict(dict)
    rows = Correction.objects.filter(review=None, created_at__lte=before, message__in=usable).order_by("id")
    for pk, chat, code, action in rows.values_list("message_id", "message__chat_id", "code", "action"):
        if pk not in known and code in CODES:
            said[pk, chat][code] = action != Correction.Action.REMOVE
    return [
        Settled(
            pk,
            chat,
            frozenset(code for code, there in codes.items() if there),
            frozenset(code for code, there in codes.items() if not there),
            twice=False,
        )
        for (pk, chat), codes in said.items()
    ]


def counts(found: Iterable[Settled]) -> Counts:
    parts: dict[str, int] = defaultdict(int)
    chats = set()
    for one in found:
        parts[one.part] += 1
        chats.add(one.chat_id)
    return Counts(parts["train"], parts["val"], parts["test"], parts[""], len(chats))


def examples(found: Iterable[Settled]) -> list[Example]:
    """With their text and the seeker's words before, for a tagger to learn from. 2 queries a PAGE."""
    used = [one for one in found if one.part]
    made = []
    for start in range(0, len(used), PAGE):
        part = {one.message_id: one for one in used[start : start + PAGE]}
        messages = list(Message.objects.filter(pk__in=part).order_by("pk"))
        for message, said in zip(messages, with_previous(messages), strict=True):
            one = part[message.pk]
            made.append(
                Example(
                    corpus=GOLD,
                    group=str(one.chat_id),
                    text=said.text,
                    previous=said.previous,
                    positive=tuple(frozenset({code}) for code in sorted(one.there)),
                    negative=one.absent,
                    fixed_split=one.part,
                )
            )
    return made
