"""Trainers' notes to volunteers, and up to when an inbox was read."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from peersupport.practice.models import PracticeChat


class TrainerNote(models.Model):
    """What a trainer wrote to the volunteer about one chat."""

    chat = models.ForeignKey(PracticeChat, on_delete=models.CASCADE, related_name="notes")
    trainer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.pk)  # never the text


class InboxSeen(models.Model):
    """How far a person has read their inbox: what is younger is new."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.person_id)
