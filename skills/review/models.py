"""What trainers said of tags, and what volunteers said against them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from peersupport.practice.models import Message
from skills.taxonomy import CODE_CHOICES


class Review(models.Model):
    """One trainer's coding of one message, also where it changed nothing.

    Of a sample two trainers code each on their own (`BLIND`), seeing neither the tagger's tags nor each
    other's; where they differ, somebody settles it with a note (`SETTLED`). `holds`: these codes were made
    the message's.
    """

    class Kind(models.TextChoices):
        OPEN = "open", _("With the tagger's tags in view")
        BLIND = "blind", _("On one's own")
        SETTLED = "settled", _("Settled between two codings")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reviews")
    trainer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    codes = models.JSONField(default=list)
    spans = models.JSONField(default=dict, blank=True)  # {code: [start, end]} where the trainer said so
    note = models.CharField(max_length=500, blank=True)
    holds = models.BooleanField(default=True)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["message"], condition=models.Q(kind="blind"), name="blind_reviews")]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "trainer"],
                condition=models.Q(kind="blind"),
                name="one_blind_review_per_trainer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} review of {self.message_id}"


class Correction(models.Model):
    """A trainer's word on one technique of one message; the last one per code holds."""

    class Action(models.TextChoices):
        ADD = "add", "Add"
        REMOVE = "remove", "Remove"
        MOVE = "move", "Move"  # it is there, in another stretch of the text

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="corrections")
    code = models.CharField(max_length=32, choices=CODE_CHOICES)
    action = models.CharField(max_length=8, choices=Action.choices)
    trainer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    note = models.CharField(max_length=500, blank=True)
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    review = models.ForeignKey(
        Review, on_delete=models.SET_NULL, null=True, blank=True, related_name="corrections"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.action} {self.code} on {self.message_id}"


class Dispute(models.Model):
    """A volunteer's word against one tag of their own message, for a trainer to look at."""

    class Reason(models.TextChoices):
        NOT_THERE = "not_there", _("I did not do this here")
        OTHER = "other", _("It is another technique")
        CONTEXT = "context", _("It misses what was said before")
        LANGUAGE = "language", _("It misreads my words or my dialect")

    class Outcome(models.TextChoices):
        OPEN = "", _("Not looked at yet")
        KEPT = "kept", _("The tag stays")
        TAKEN_AWAY = "taken_away", _("The tag was taken away")

    WORDS_MAX_CHARACTERS = 500

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="disputes")
    code = models.CharField(max_length=32, choices=CODE_CHOICES)
    volunteer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=16, choices=Reason.choices)
    words = models.CharField(max_length=WORDS_MAX_CHARACTERS, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.OPEN, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    review = models.ForeignKey(
        Review, on_delete=models.SET_NULL, null=True, blank=True, related_name="disputes"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "code", "volunteer"], name="one_dispute_per_tag")
        ]
        indexes = [models.Index(fields=["message"], condition=models.Q(outcome=""), name="open_disputes")]

    def __str__(self) -> str:
        return f"{self.code} on {self.message_id} disputed"
