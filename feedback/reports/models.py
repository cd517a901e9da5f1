"""What a volunteer reads after a chat, and the goals that they set themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from feedback.studies.models import EvidenceStudy
from peersupport.practice.models import PracticeChat
from skills.taxonomy import CODE_CHOICES


class SessionReport(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending", _("Being written")
        READY = "ready", _("Ready")
        PARTIAL = "partial", _("Partly ready")
        FAILED = "failed", _("Failed")

    chat = models.OneToOneField(PracticeChat, on_delete=models.CASCADE, related_name="report")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    body = models.JSONField(default=dict)
    study = models.ForeignKey(EvidenceStudy, on_delete=models.PROTECT, null=True, related_name="+")
    tagger_version = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"report of {self.chat_id}"


class PracticeGoal(models.Model):
    """A technique that a volunteer has chosen to practise, until they close it."""

    volunteer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="goals")
    technique = models.CharField(max_length=32, choices=CODE_CHOICES)
    words = models.CharField(max_length=200, blank=True)
    until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["volunteer", "technique"],
                condition=models.Q(closed_at=None),
                name="one_open_goal_per_technique",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)  # never the words
