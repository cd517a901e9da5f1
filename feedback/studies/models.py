"""Evidence studies with their effects, and which own one is published."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class EvidenceStudy(models.Model):
    """One immutable study, published in a paper or run by the organisation.

    `body` holds what the pure `feedback.evidence.study_types.Study` needs beside its effects, and
    `content_sha256` is over both. `provenance`: where an own study came from (`as_evidence.provenance_of`)
    and the `way` in, "page" or "command"; empty where it was not kept. Who brought it is in the audit log.
    """

    slug = models.SlugField(max_length=64)
    version = models.CharField(max_length=32)
    kind = models.CharField(max_length=16, choices=[("published", "Published"), ("own", "Own")])
    title = models.CharField(max_length=300)
    body = models.JSONField(default=dict)
    content_sha256 = models.CharField(max_length=64)
    provenance = models.JSONField(default=dict, blank=True)
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


class StudyPublication(models.Model):
    """An admin's wish that an own study serves as evidence, and what came of it. Its content never changes.

    Where there are two admins the one who proposes is not the one who publishes.
    """

    study = models.ForeignKey(EvidenceStudy, on_delete=models.CASCADE, related_name="publications")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["study"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_open_publication_per_study",
            )
        ]

    def __str__(self) -> str:
        return f"publication of {self.study_id}"
