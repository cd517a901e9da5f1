"""Who did what to which object: append-only, ids only, sealed into a hash chain in batches."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    at = models.DateTimeField(auto_now_add=True)
    # A plain number, not a foreign key: erasing a person must not change what was sealed.
    actor_id = models.BigIntegerField(null=True, db_index=True)
    verb = models.CharField(max_length=32)
    object_kind = models.CharField(max_length=32, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    # The place in the chain, given at sealing: a lower id may be committed after a higher one was sealed.
    position = models.BigIntegerField(null=True, unique=True, editable=False)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["object_kind", "object_id"]),
            models.Index(fields=["object_id"], name="audit_object"),
            models.Index(fields=["verb", "id"], name="audit_verb"),
            models.Index(fields=["id"], condition=models.Q(position=None), name="audit_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_kind} {self.object_id}"

    def save(self, *args, **kwargs) -> None:
        if self.pk is not None:
            raise TypeError("an audit event is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("an audit event is never deleted")


class AuditHead(models.Model):
    """The one row that says where the chain ends; sealers take turns by locking it."""

    position = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"
