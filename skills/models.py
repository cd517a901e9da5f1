"""What the tagger said, which version said it, and what people corrected."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from peersupport.practice.models import Message
from skills.taxonomy import TECHNIQUES

CODE_CHOICES = [(technique.code, technique.name) for technique in TECHNIQUES.values()]


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
        ModelVersion, on_delete=models.SET_NULL, null=True, blank=True, related_name="trainings"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name or f"training {self.pk}"


class TaggerSwitch(models.Model):
    """A person let another tagger version serve, or went back to the one before. None is the one shipped
    with the code."""

    before = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    after = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
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
