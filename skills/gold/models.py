"""Tagger versions that were asked for, and who let which of them serve."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class TaggerTraining(models.Model):
    """One making of a new tagger version from trainers' corrections: who asked for it, and what came of it.

    `figures`: counts of what was learnt and the comparison with `parent`, as in the version's card; no words
    of a message and no id of one. The Job row says how far it is.
    """

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)  # what trainers say later is not learnt
    finished_at = models.DateTimeField(null=True, blank=True)
    parent = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=64, blank=True)  # of the version, also where it was not kept
    figures = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    made = models.ForeignKey(
        "skills.ModelVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="trainings"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name or f"training {self.pk}"


class TaggerSwitch(models.Model):
    """A person let another tagger version serve, or went back to the one before. None is the one shipped
    with the code."""

    before = models.ForeignKey("skills.ModelVersion", on_delete=models.PROTECT, null=True, related_name="+")
    after = models.ForeignKey("skills.ModelVersion", on_delete=models.PROTECT, null=True, related_name="+")
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.before_id} to {self.after_id}"
