"""Evidence studies with their effects, and the reports written from them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from peersupport.practice.models import PracticeChat


class EvidenceStudy(models.Model):
    """One immutable study, published in a paper or run by the organisation.

    `body` holds what the pure `feedback.evidence.study_types.Study` needs beside its effects.
    """

    slug = models.SlugField(max_length=64)
    version = models.CharField(max_length=32)
    kind = models.CharField(max_length=16, choices=[("published", "Published"), ("own", "Own")])
    title = models.CharField(max_length=300)
    body = models.JSONField(default=dict)
    data_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "evidence studies"
        constraints = [models.UniqueConstraint(fields=["slug", "version"], name="one_row_per_study_version")]

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"

    def save(self, *args, **kwargs) -> None:
        if self.pk is not None:
            raise TypeError("a study is never changed: a new run is a new version")
        super().save(*args, **kwargs)


class TechniqueEffect(models.Model):
    """One association of one technique with one outcome, in the study's own units."""

    study = models.ForeignKey(EvidenceStudy, on_delete=models.CASCADE, related_name="effects")
    technique = models.CharField(max_length=64)
    instrument = models.CharField(max_length=16, blank=True)  # empty: satisfaction only
    body = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.technique} on {self.instrument}"

    def save(self, *args, **kwargs) -> None:
        if self.pk is not None:
            raise TypeError("an effect is never changed: a new run is a new study")
        super().save(*args, **kwargs)


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
