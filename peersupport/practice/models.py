"""Practice: scenarios, chats, their messages, the event log a browser follows, seeker states, drafts of
transcripts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from peersupport.people.models import Cohort

GENERAL_TOPIC = "general"


class Scenario(models.Model):
    """One version of one authored scenario; its lines live in the seeker's TOML of that hash. An `own` one
    was written by the organisation's people for one cohort: its lines live in `peersupport.authoring`."""

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
    cohort = models.ForeignKey(
        Cohort, on_delete=models.SET_NULL, null=True, blank=True, related_name="scenarios"
    )
    own = models.BooleanField(default=False)

    class Meta:
        ordering = ["difficulty", "title"]
        constraints = [models.UniqueConstraint(fields=["slug", "sha256"], name="one_row_per_scenario_file")]

    def __str__(self) -> str:
        return self.title


class PracticeChat(models.Model):
    """A conversation with a simulated seeker, or one that the volunteer brought as a transcript: that one has
    no scenario, begins ended, and is shown to trainers only where `shared` says so."""

    class Kind(models.TextChoices):
        PRACTICE = "practice", _("Practice")
        IMPORTED = "imported", _("Imported")

    class Status(models.TextChoices):
        OPEN = "open", _("In progress")
        ENDED = "ended", _("Ended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    volunteer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chats")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.PRACTICE)
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="chats", null=True)
    name = models.CharField(max_length=80, blank=True)  # of an imported chat, by its volunteer
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    seed = models.BigIntegerField()
    last_index = models.PositiveIntegerField(default=0)
    last_seq = models.PositiveIntegerField(default=0)
    # Whether trainers may read it: of practice as its volunteer had chosen when it began, of imported chats
    # as chosen for each.
    shared = models.BooleanField(default=True)
    # Another try: the chat it branched off, at which message. What was said before that is copied, so
    # that a try stays whole when the first chat goes.
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="tries")
    parent_message = models.ForeignKey(
        "Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="tries"
    )
    is_try = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["volunteer", "-created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(scenario__isnull=False, kind="practice") | Q(scenario=None, kind="imported"),
                name="scenario_unless_imported",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    def save(self, *args, **kwargs) -> None:
        # Here, so that no way of making a chat forgets it.
        if self._state.adding and not self.is_imported and settings.VOLUNTEERS_CHOOSE_SHARING:
            self.shared = self.shared and self.volunteer.shares_new_chats
        super().save(*args, **kwargs)

    @property
    def is_imported(self) -> bool:
        return self.kind == self.Kind.IMPORTED

    @property
    def title(self) -> str:
        if self.scenario is not None:
            return self.scenario.title
        return self.name or gettext("Imported chat")

    @property
    def topic(self) -> str:
        """The family of topics; "general" where no scenario names one."""
        return self.scenario.topic if self.scenario is not None else GENERAL_TOPIC

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
    # Said in the chat that this one branched off, and counted there: figures leave it out.
    copied = models.BooleanField(default=False)
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

    @property
    def is_set_aside(self) -> bool:
        """What may be about the volunteer: it opens the human panel, nobody answers it, and no technique is
        read into it."""
        return self.is_counselor and self.risk_level != self.Risk.NONE


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

    @classmethod
    def append_all(cls, chat: PracticeChat, kind: str, messages: Sequence[Message]) -> None:
        """One event for each message, in three queries. Call as `append`."""
        PracticeChat.objects.filter(pk=chat.pk).update(last_seq=F("last_seq") + len(messages))
        last = PracticeChat.objects.values_list("last_seq", flat=True).get(pk=chat.pk)
        first = last - len(messages) + 1
        cls.objects.bulk_create(
            cls(chat=chat, seq=seq, kind=kind, message=message) for seq, message in enumerate(messages, first)
        )


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


class TranscriptDraft(models.Model):
    """A transcript between reading and confirming: its owner's alone, and gone after a day.

    `body` is what `peersupport.practice.drafts.Draft` reads and writes. Confirmed, it becomes a chat that
    takes its id, so that confirming twice makes one chat.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.id)


class AfterChat(models.Model):
    """What a volunteer thinks of a chat they ended: three ratings and, after a hard one, two answers.

    It is theirs alone; a trainer reads the part that they shared. `asked` stays empty until the ratings
    were given or passed over.
    """

    RATINGS = ("understood", "let_lead", "feel_all_right")
    SCALE = (1, 2, 3, 4, 5)
    ANSWER_MAX_CHARACTERS = 1000

    chat = models.OneToOneField(PracticeChat, on_delete=models.CASCADE, related_name="after")
    asked = models.DateTimeField(null=True, blank=True)
    understood = models.PositiveSmallIntegerField(null=True, blank=True)
    let_lead = models.PositiveSmallIntegerField(null=True, blank=True)
    feel_all_right = models.PositiveSmallIntegerField(null=True, blank=True)
    ratings_shared = models.BooleanField(default=False)
    stays = models.TextField(blank=True, max_length=ANSWER_MAX_CHARACTERS)
    goes = models.TextField(blank=True, max_length=ANSWER_MAX_CHARACTERS)
    answers_shared = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"after {self.chat_id}"

    @property
    def is_rated(self) -> bool:
        return any(getattr(self, name) is not None for name in self.RATINGS)

    @property
    def is_answered(self) -> bool:
        return bool(self.stays or self.goes)


class Assignment(models.Model):
    """A scenario that a trainer asks a cohort, or one of its volunteers, to practise within some days."""

    NOTE_MAX_CHARACTERS = 200

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="assignments")
    volunteer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="assignments"
    )  # empty: everybody in the cohort
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="+")
    begins = models.DateField()
    due = models.DateField()
    note = models.CharField(max_length=NOTE_MAX_CHARACTERS, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due", "id"]
        indexes = [
            models.Index(fields=["cohort", "due"], condition=Q(closed_at=None), name="open_assignments")
        ]
        constraints = [
            models.CheckConstraint(condition=Q(due__gte=F("begins")), name="assignment_ends_after_it_begins")
        ]

    def __str__(self) -> str:
        return str(self.pk)
