"""Sealing audit events into a hash chain, and checking it."""

from __future__ import annotations

import hashlib
import json

from django.db import transaction

from peersupport.audit.models import AuditEvent

GENESIS = "0" * 64


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
    """Seal events that are not yet in the chain, oldest first. Returns how many.

    Two sealers at once are harmless: the second finds the rows sealed (row locks on PostgreSQL,
    the single writer on SQLite) and its updates match nothing.
    """
    if not AuditEvent.objects.filter(hash="").exists():
        return 0
    sealed = 0
    with transaction.atomic():
        last = AuditEvent.objects.select_for_update().exclude(hash="").order_by("-id").first()
        previous = last.hash if last else GENESIS
        for event in AuditEvent.objects.select_for_update().filter(hash="").order_by("id")[:limit]:
            digest = _digest(event, previous)
            sealed += AuditEvent.objects.filter(pk=event.pk, hash="").update(
                previous_hash=previous, hash=digest
            )
            previous = digest
    return sealed


def first_broken() -> AuditEvent | None:
    """The first sealed event that does not fit the chain, or None when the chain is whole."""
    previous = GENESIS
    for event in AuditEvent.objects.exclude(hash="").order_by("id").iterator():
        if event.previous_hash != previous or event.hash != _digest(event, previous):
            return event
        previous = event.hash
    return None
