"""Trainers' ratings of mock chats."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from peersupport.practice.models import PracticeChat


class MockRating(models.Model):
    """One trainer's rating of an ended practice chat as a mock chat. It never changes: who thinks otherwise
    withdraws it, with a reason, and rates anew.

    The four globals are 1 to 5 (`feedback.signoff.scales`). `figures` are ratios as in the report, of
    the tags that held at that moment (without "corrected": of those that the report was written from), and
    the version of the tagger; empty where no report was there.
    """

    class Decision(models.TextChoices):
        SIGNED_OFF = "signed_off", _("Signed off")
        NOT_YET = "not_yet", _("Not yet")

    chat = models.ForeignKey(PracticeChat, on_delete=models.CASCADE, related_name="mock_ratings")
    trainer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    cultivating = models.PositiveSmallIntegerField()
    softening = models.PositiveSmallIntegerField()
    partnership = models.PositiveSmallIntegerField()
    empathy = models.PositiveSmallIntegerField()
    decision = models.CharField(max_length=16, choices=Decision.choices)
    note = models.TextField(blank=True)
    figures = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)  # of the withdrawal

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["chat", "trainer"],
                condition=models.Q(withdrawn_at=None),
                name="one_standing_rating_per_trainer",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    cultivating__range=(1, 5),
                    softening__range=(1, 5),
                    partnership__range=(1, 5),
                    empathy__range=(1, 5),
                ),
                name="globals_from_1_to_5",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # never the note

    @property
    def is_signed_off(self) -> bool:
        return self.decision == self.Decision.SIGNED_OFF
