"""Practice: scenarios, chats, their messages, the event log a browser follows, seeker states."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _


class Scenario(models.Model):
    """One version of one authored scenario; its lines live in the seeker's TOML of that hash."""

    slug = models.SlugField(max_length=64)
    version = models.CharField(max_length=32)
    title = models.CharField(max_length=120)
    topic = models.CharField(max_length=32)
    difficulty = models.PositiveSmallIntegerField()
    style = models.CharField(max_length=32)
    persona = models.TextField()
    content_warning = models.CharField(max_length=300, blank=True)
    risk = models.BooleanField(default=False)
    baseline = models.BooleanField(default=False)
    sha256 = models.CharField(max_length=64)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["difficulty", "title"]
        constraints = [models.UniqueConstraint(fields=["slug", "sha256"], name="one_row_per_scenario_file")]

    def __str__(self) -> str:
        return self.title


class PracticeChat(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", _("In progress")
        ENDED = "ended", _("Ended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    volunteer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chats")
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="chats")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    seed = models.BigIntegerField()
    last_index = models.PositiveIntegerField(default=0)
    last_seq = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["volunteer", "-created_at"])]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def ordering_key(self) -> str:
        """Jobs that share this key run one after another, in the order they were enqueued."""
        return f"chat:{self.id}"


class Message(models.Model):
    class Role(models.TextChoices):
        COUNSELOR = "counselor", _("Counselor")
        SEEKER = "seeker", _("Seeker")

    class Turn(models.TextChoices):
        """Where a counselor message stands on its way to tags and a reply."""

        NONE = "none", _("No feedback expected")
        PENDING = "pending", _("Waiting for feedback")
        DONE = "done", _("Feedback ready")
        FAILED = "failed", _("Feedback failed")

    class Risk(models.TextChoices):
        """Levels of `peersupport.safety.Finding`, decided by rules in the request itself."""

        NONE = "none", _("No cue")
        PASSIVE = "passive", _("Passive cue")
        EXPLICIT = "explicit", _("Explicit cue")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chat = models.ForeignKey(PracticeChat, on_delete=models.CASCADE, related_name="messages")
    index = models.PositiveIntegerField()
    role = models.CharField(max_length=16, choices=Role.choices)
    text = models.TextField()
    idempotency_key = models.CharField(max_length=64)
    turn = models.CharField(max_length=16, choices=Turn.choices, default=Turn.NONE)
    risk_level = models.CharField(max_length=16, choices=Risk.choices, default=Risk.NONE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["chat", "index"]
        constraints = [
            models.UniqueConstraint(fields=["chat", "index"], name="one_message_per_index"),
            models.UniqueConstraint(fields=["chat", "idempotency_key"], name="one_message_per_key"),
        ]

    def __str__(self) -> str:
        return str(self.id)  # never the text: this string reaches logs

    @property
    def is_counselor(self) -> bool:
        return self.role == self.Role.COUNSELOR


class ChatEvent(models.Model):
    """Append-only log of a chat. The browser asks for everything after the seq it last saw."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("Message")
        TURN = "turn", _("Tags, or the failure to tag, of a message")
        ENDED = "ended", _("Chat ended")
        REPORT = "report", _("Report changed")

    chat = models.ForeignKey(PracticeChat, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["chat", "seq"]
        constraints = [models.UniqueConstraint(fields=["chat", "seq"], name="one_event_per_seq")]

    def __str__(self) -> str:
        return f"{self.chat_id}#{self.seq} {self.kind}"

    @classmethod
    def append(cls, chat: PracticeChat, kind: str, message: Message | None = None) -> ChatEvent:
        """Add the next event. Call inside a transaction: the chat row orders concurrent writers."""
        PracticeChat.objects.filter(pk=chat.pk).update(last_seq=F("last_seq") + 1)
        seq = PracticeChat.objects.values_list("last_seq", flat=True).get(pk=chat.pk)
        return cls.objects.create(chat=chat, seq=seq, kind=kind, message=message)


class SeekerStateRecord(models.Model):
    """The seeker's state after one message, and what wrote it. Never replayed after corrections."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="seeker_state")
    openness = models.FloatField()
    distress = models.FloatField()
    trust = models.FloatField()
    resistance = models.FloatField()
    layer = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    line_id = models.CharField(max_length=64, blank=True)
    tagger_version = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"state after {self.message_id}"
