"""The Job row: the one truth about a piece of background work."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Lane(models.TextChoices):
    LIVE = "live", _("Live (turns; never waits behind anything)")
    COACH = "coach", _("Coach (reports, generation)")
    BATCH = "batch", _("Batch (studies, re-tagging, calibration)")


class Job(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        QUARANTINED = "quarantined", _("Set aside after repeated failures")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN = (Status.QUEUED, Status.RUNNING)

    kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=64, blank=True)  # an id, never content
    lane = models.CharField(max_length=16, choices=Lane.choices)
    ordering_key = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=64, blank=True)
    progress = models.FloatField(default=0)
    checkpoint = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)  # exception class and file:line frames, never values
    available_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["lane", "available_at", "id"], condition=Q(status="queued"), name="job_claimable"
            ),
            models.Index(
                fields=["ordering_key", "id"],
                condition=Q(status__in=["queued", "running"]),
                name="job_open_by_key",
            ),
            # Also of those that are over: an erasure takes all jobs of a chat away.
            models.Index(fields=["ordering_key"], name="job_by_key"),
            models.Index(fields=["lease_until"], condition=Q(status="running"), name="job_leases"),
            models.Index(fields=["kind", "subject"], name="job_subject"),
            # For figures, and for taking old rows away, without reading the whole table.
            models.Index(fields=["finished_at"], name="job_finished"),
            models.Index(fields=["kind"], condition=Q(status="quarantined"), name="job_quarantined"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def error_class(self) -> str:
        """The first line of the error: the class of the exception, or what the sweeper says."""
        return self.error.split("\n")[0]

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def is_set_aside(self) -> bool:
        return self.status == self.Status.QUARANTINED

    @property
    def was_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def stage(self) -> str:
        """What a long job last said that it does."""
        return self.checkpoint.get("stage", "")

    @property
    def percent(self) -> int:
        return round(100 * self.progress)
