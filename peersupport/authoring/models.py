"""What an author is working on. What chats use is a row of `Scenario`, made when it is published."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from peersupport.people.models import Cohort
from peersupport.practice.models import Scenario


class ScenarioDraft(models.Model):
    """The form of one own scenario, as last saved; its cohort's trainers and admins share it.

    `body` is what `peersupport.authoring.body` reads. `revision` counts saves, so that of two people who save
    at once the second is told.
    """

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="own_scenarios")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=120)
    body = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-saved_at", "-id"]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def slug(self) -> str:
        """Of its published versions. No shipped file is named so."""
        return f"own-{self.pk}"


class ScenarioLines(models.Model):
    """The table of one published version, as `seeker.compose_scenario` reads it. It never changes."""

    scenario = models.OneToOneField(Scenario, on_delete=models.CASCADE, related_name="lines")
    table = models.JSONField()

    def __str__(self) -> str:
        return f"lines of {self.scenario_id}"

    def save(self, *args, **kwargs) -> None:
        if self.pk is not None:
            raise TypeError("a published version is never changed: publish a new one")
        super().save(*args, **kwargs)
