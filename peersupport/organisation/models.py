"""What the organisation has decided, as immutable versions: the newest one holds."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class OrganisationVersion(models.Model):
    """One state of the settings page. `body` has a key for each thing that was decided here (see
    `organisation.values`); what is missing is as the environment says.

    `digest` is the SHA-256 of the body: a process that knows the digest knows the version's content.
    `back_to` is the number of the version that was gone back to, 0 for "as installed".
    """

    number = models.PositiveIntegerField(unique=True)
    body = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    back_to = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)  # never the words

    def save(self, *args, **kwargs) -> None:
        if self.pk is not None:
            raise TypeError("a version is never changed: other settings are another version")
        super().save(*args, **kwargs)
