"""Files that admins asked for."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Export(models.Model):
    """A file of an admin's: what is asked for, how far it is and until when it can be fetched.

    A worker writes it to `DATA_DIR/exports`; the row outlives the file.
    """

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"
        JSONL = "jsonl", _("JSON lines")
        PDF = "pdf", _("PDF, up to 1,000 rows")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Being written")
        READY = "ready", _("Ready")
        STOPPED = "stopped", _("Stopped: the right to it ended")
        FAILED = "failed", _("Failed")
        GONE = "gone", _("Taken away: its time was over")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    table = models.CharField(max_length=16)
    format = models.CharField(max_length=8, choices=Format.choices, default=Format.CSV)
    labelled = models.BooleanField(default=False)
    full = models.BooleanField(default=False)
    bom = models.BooleanField(default=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    rows = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.table}.{self.format}"
