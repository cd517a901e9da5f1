"""What is kept of the closed loop: counts, the models that workers hold, what volunteers say of replies."""

from __future__ import annotations

from django.db import models

from peersupport.practice.models import PracticeChat


class SuggestionCount(models.Model):
    """What the closed loop did on one day with one coach. Counts only: no text, no person, no chat.

    `asked` suggestions were looked for; `first` of them were a model's first wording, `retried` a later one,
    `authored` a person's line that the tagger confirmed, `fallback` one that it did not, `none` nothing.
    """

    day = models.DateField()
    coach = models.CharField(max_length=200)  # the model's name; empty: no model
    asked = models.PositiveIntegerField(default=0)
    first = models.PositiveIntegerField(default=0)
    retried = models.PositiveIntegerField(default=0)
    authored = models.PositiveIntegerField(default=0)
    fallback = models.PositiveIntegerField(default=0)
    none = models.PositiveIntegerField(default=0)
    wordings = models.PositiveIntegerField(default=0)  # a model's texts that were judged
    refused = models.JSONField(default=dict)  # of these: reason -> how many
    failures = models.JSONField(default=dict)  # words -> n

    class Meta:
        ordering = ["-day", "coach"]
        constraints = [models.UniqueConstraint(fields=["day", "coach"], name="one_count_per_day_and_coach")]

    def __str__(self) -> str:
        return f"{self.day} {self.coach}"


class LoadedModel(models.Model):
    """Which coach a worker holds in memory, or why it holds none."""

    worker = models.CharField(max_length=128, unique=True)
    about = models.JSONField(default=dict)  # as `Coach.about`
    error = models.CharField(max_length=300, blank=True)  # the engine's own words
    loaded_at = models.DateTimeField()

    class Meta:
        ordering = ["worker"]

    def __str__(self) -> str:
        return self.worker


class SuggestionRating(models.Model):
    """What a volunteer thinks of one suggested reply of their report."""

    chat = models.ForeignKey(PracticeChat, on_delete=models.CASCADE, related_name="suggestion_ratings")
    index = models.PositiveIntegerField()  # of the message that the reply stands in for
    helpful = models.BooleanField()
    coach = models.CharField(max_length=200)  # the model that worded it; empty: a person did
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["chat", "index"], name="one_rating_per_suggestion")]

    def __str__(self) -> str:
        return str(self.pk)
