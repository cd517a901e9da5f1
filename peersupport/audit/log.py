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
