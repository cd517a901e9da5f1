"""Recording an audit event."""

from __future__ import annotations

from django.db import models

from peersupport.audit.models import AuditEvent


def record(actor, verb: str, obj: models.Model | None = None) -> AuditEvent:
    """Write one line: who did what to which object. Ids only, in the caller's transaction."""
    return AuditEvent.objects.create(
        actor_id=actor.pk if actor is not None else None,
        verb=verb,
        object_kind=obj._meta.model_name if obj is not None else "",
        object_id=str(obj.pk) if obj is not None else "",
    )


def record_read(reader, obj: models.Model, *, owner_id: int) -> None:
    """A line for reading what belongs to somebody else; reading one's own leaves none."""
    if reader.pk != owner_id:
        record(reader, "read", obj)
