"""Merges of the coach's own model that admins had made, and who let which of them serve."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property


class CoachMerge(models.Model):
    """One merge of fine-tunes of the coach's base: what was asked for, and what came of it. The Job rows of
    its number say how far it is; its weights lie in DATA_DIR/models/coach/NAME.

    `recipe`: method, names of the fine-tunes, parameters that were given. `base` is the name of COACH_MODEL
    when it was asked for. `manifest` is that of the merging engine. `found` is the report of
    `feedback.bases.measuring`; as text, since PostgreSQL's JSON would not keep the order of models.
    """

    name = models.CharField(max_length=64, unique=True)
    base = models.CharField(max_length=64)
    recipe = models.JSONField(default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    manifest = models.JSONField(default=dict, blank=True)
    found = models.TextField(blank=True)
    error = models.TextField(blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)  # its weights
    active = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=models.Q(active=True), name="one_active_coach_merge"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def report(self) -> dict[str, Any]:
        return json.loads(self.found or "{}")

    @property
    def gap(self) -> dict[str, Any]:
        """The paired difference of the primary measure from what it was compared with; empty without one."""
        return self.report.get("differences", {}).get(self.name, {})


class CoachSwitch(models.Model):
    """A person let a merge serve, or went back. None is COACH_MODEL's own model. `worse`: they ticked that
    they had read that it is worse."""

    before = models.ForeignKey(CoachMerge, on_delete=models.PROTECT, null=True, related_name="+")
    after = models.ForeignKey(CoachMerge, on_delete=models.PROTECT, null=True, related_name="+")
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    worse = models.BooleanField(default=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.before_id} to {self.after_id}"
