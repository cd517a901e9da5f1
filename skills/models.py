"""What the tagger said and which version said it; and the models of the rooms, gathered for Django."""

from __future__ import annotations

from django.db import models

from peersupport.practice.models import Message
from skills.gold.models import TaggerSwitch, TaggerTraining
from skills.review.models import Correction, Dispute, Review
from skills.taxonomy import CODE_CHOICES


class ModelVersion(models.Model):
    """A version of a model that may serve. At most one per kind is active."""

    kind = models.CharField(max_length=16, choices=[("tagger", "Tagger")])
    version = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, blank=True)  # empty: shipped with the code
    active = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="one_row_per_model_version"),
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(active=True), name="one_active_model_per_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.version


class Tagging(models.Model):
    """All probabilities of one message by one tagger version, packed (see skills/packing.py)."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="taggings")
    version = models.CharField(max_length=64)
    probabilities = models.BinaryField()
    emotional_reactions = models.PositiveSmallIntegerField(default=0)
    interpretations = models.PositiveSmallIntegerField(default=0)
    explorations = models.PositiveSmallIntegerField(default=0)
    notice = models.CharField(max_length=32, blank=True)
    current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "version"], name="one_tagging_per_version"),
            models.UniqueConstraint(
                fields=["message"], condition=models.Q(current=True), name="one_current_tagging"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} by {self.version}"


class SkillTag(models.Model):
    """A technique that a tagging found present, with the stretch of text that shows it best."""

    tagging = models.ForeignKey(Tagging, on_delete=models.CASCADE, related_name="tags")
    code = models.CharField(max_length=32, choices=CODE_CHOICES)
    probability = models.FloatField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()

    class Meta:
        ordering = ["-probability"]
        constraints = [models.UniqueConstraint(fields=["tagging", "code"], name="one_tag_per_code")]
        indexes = [models.Index(fields=["code"])]

    def __str__(self) -> str:
        return f"{self.code} on {self.tagging_id}"


__all__ = [
    "Correction",
    "Dispute",
    "ModelVersion",
    "Review",
    "SkillTag",
    "TaggerSwitch",
    "TaggerTraining",
    "Tagging",
]
