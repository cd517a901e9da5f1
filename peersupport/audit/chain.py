"""Sealing audit events into a hash chain, and checking it.

A line's hash covers its content and the hash before it; the head row holds the newest place and hash, and
each sealing logs them. So a line that was edited, deleted, inserted or moved is found, and so are deleted
newest lines, as the head still counts them.

Not covered: a line deleted in the second before it is sealed, an invented line that waits for the sealer
like any other, and someone who may write the whole database and computes all later hashes and the head
anew. Against the last one keep the logged heads elsewhere: `manage.py audit_check --known` compares.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from peersupport.audit.models import AuditEvent, AuditHead

logger = logging.getLogger(__name__)
GENESIS = "0" * 64
TELL_EVERY = 5_000  # lines


@dataclass(frozen=True)
class Break:
    """Where the chain first breaks: the place in the chain, the line's id where there is one, and how."""

    position: int
    event_id: int | None
    what: str


def _digest(event: AuditEvent, previous: str) -> str:
    content = [
        event.pk,
        event.at.isoformat(),
        event.actor_id,
        event.verb,
        event.object_kind,
        event.object_id,
        previous,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def seal(limit: int = 1000) -> int:
    """Seal lines that are not yet in the chain. Returns how many.

    Sealers take turns on the head row (on SQLite, on the one write lock): the second finds the lines sealed.
    """
    if not AuditEvent.objects.filter(position=None).exists():
        return 0
    with transaction.atomic():
        head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1, defaults={"hash": GENESIS})
        before = head.position
        for event in AuditEvent.objects.filter(position=None).order_by("id")[:limit]:
            digest = _digest(event, head.hash)
            AuditEvent.objects.filter(pk=event.pk).update(
                position=head.position + 1, previous_hash=head.hash, hash=digest
            )
            head.position, head.hash = head.position + 1, digest
        head.save()
    if head.position > before:
        logger.info("audit chain sealed up to %s:%s", head.position, head.hash)
    return head.position - before


def head() -> AuditHead:
    """Where the chain ends now."""
    return AuditHead.objects.filter(pk=1).first() or AuditHead(pk=1, position=0, hash=GENESIS)


def first_broken(
    known: dict[int, str] | None = None, *, tell: Callable[[float], None] = lambda share: None
) -> Break | None:
    """The first place where the chain does not fit, or None when it is whole.

    `known` are hashes by place that somebody kept from the log. Safe beside running sealers: the head is
    read before and after, and the lines must reach at least the first and at most the second. `tell` hears
    now and then which share of them was looked at.
    """
    promised = head()
    wanted = [*(known or {}).items(), (promised.position, promised.hash)]
    previous, place = GENESIS, 0
    for event in AuditEvent.objects.exclude(position=None).order_by("position").iterator():
        place += 1
        if event.position != place:
            return Break(place, None, "a line is missing")
        if event.previous_hash != previous:
            return Break(place, event.pk, "the line does not follow the one before it")
        if event.hash != _digest(event, previous):
            return Break(place, event.pk, "the line was changed")
        if any(at == place and digest != event.hash for at, digest in wanted):
            return Break(place, event.pk, "the hash is not the one that was kept")
        previous = event.hash
        if place % TELL_EVERY == 0:
            tell(min(1.0, place / max(promised.position, 1)))
    if place < max(at for at, _ in wanted):
        return Break(place + 1, None, "the newest lines are missing")
    if place > head().position:
        return Break(head().position + 1, None, "there are lines beyond the head of the chain")
    # A line that lost its place but kept its hash was sealed once.
    loose = AuditEvent.objects.filter(position=None).exclude(hash="").first()
    return Break(place + 1, loose.pk, "a sealed line lost its place") if loose else None
