"""Evidence studies with their effects, the reports written from them, goals, notes, ratings of mock chats and
what was read."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from feedback.base_models import CoachMerge, CoachSwitch
from feedback.dial_models import DialCalibration, DialSwitch, OtherWording, ReaderDials
from feedback.loop_models import LoadedModel, SuggestionCount, SuggestionRating
from feedback.reply_models import SeekerLine
from peersupport.practice.models import PracticeChat
from skills.models import CODE_CHOICES


class EvidenceStudy(models.Model):
    """One immutable study, published in a paper or run by the organisation.

    `body` holds what the pure `feedback.evidence.study_types.Study` needs beside its effects, and
    `content_sha256` is over both. `provenance`: where an own study came from (`as_evidence.provenance_of`)
    and the `way` in, "page" or "command"; empty where it was not kept. Who brought it is in the audit log.
    """

    slug = models.SlugField(max_length=64)
    version = models.CharField(max_length=32)
    kind = models.CharField(max_length=16, choices=[("published", "Published"), ("own", "Own")])
    title = models.CharField(max_length=300)
    body = models.JSONField(default=dict)
    content_sha256 = models.CharField(max_length=64)
    provenance = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "evidence studies"
        constraints = [models.UniqueConstraint(fields=["slug", "version"], name="one_row_per_study_version")]

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"

    def save(self, *args, **kwargs) -> None:
        if self.pk is not None:
            raise TypeError("a study is never changed: a new run is a new version")
        super().save(*args, **kwargs)


class TechniqueEffect(models.Model):
    """One association of one technique with one outcome, in the study's own units."""

    study = models.ForeignKey(EvidenceStudy, on_delete=models.CASCADE, related_name="effects")
    technique = models.CharField(max_length=64)
    instrument = models.CharField(max_length=16, blank=True)  # empty: satisfaction only
    body = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.technique} on {self.instrument}"

    def save(self, *args, **kwargs) -> None:
        if self.pk is not None:
            raise TypeError("an effect is never changed: a new run is a new study")
        super().save(*args, **kwargs)


class StudyPublication(models.Model):
    """An admin's wish that an own study serves as evidence, and what came of it. Its content never changes.

    Where there are two admins the one who proposes is not the one who publishes.
    """

    study = models.ForeignKey(EvidenceStudy, on_delete=models.CASCADE, related_name="publications")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["study"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_open_publication_per_study",
            )
        ]

    def __str__(self) -> str:
        return f"publication of {self.study_id}"


class StudyImport(models.Model):
    """Tables that an admin brought for a study, what was seen in them, and what came of it.

    The files lie in a folder of this number (`feedback.imports.files`); how far the work is stands in the Job
    rows that name it. It names no person: who did what is in the audit log.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.CharField(max_length=32, blank=True)  # what the study is to be called
    # As text: PostgreSQL's JSON would not keep the order of terms and steps.
    seen = models.TextField(blank=True)  # empty until checked, and again when the files are erased
    found = models.TextField(blank=True)  # what the pipeline found: aggregates, small groups left out
    error = models.TextField(blank=True)  # why there is no result, or no study of it
    study = models.OneToOneField(
        EvidenceStudy, on_delete=models.SET_NULL, null=True, related_name="brought_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now_add=True)  # when a file last came
    finished_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)  # the files

    class Meta:
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return str(self.pk)

    @cached_property
    def preview(self) -> dict[str, Any]:
        return json.loads(self.seen or "{}")

    @cached_property
    def result(self) -> dict[str, Any]:
        return json.loads(self.found or "{}")


class SessionReport(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending", _("Being written")
        READY = "ready", _("Ready")
        PARTIAL = "partial", _("Partly ready")
        FAILED = "failed", _("Failed")

    chat = models.OneToOneField(PracticeChat, on_delete=models.CASCADE, related_name="report")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    body = models.JSONField(default=dict)
    study = models.ForeignKey(EvidenceStudy, on_delete=models.PROTECT, null=True, related_name="+")
    tagger_version = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"report of {self.chat_id}"


class PracticeGoal(models.Model):
    """A technique that a volunteer has chosen to practise, until they close it."""

    volunteer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="goals")
    technique = models.CharField(max_length=32, choices=CODE_CHOICES)
    words = models.CharField(max_length=200, blank=True)
    until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["volunteer", "technique"],
                condition=models.Q(closed_at=None),
                name="one_open_goal_per_technique",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)  # never the words


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


class MockRating(models.Model):
    """One trainer's rating of an ended practice chat as a mock chat. It never changes: who thinks otherwise
    withdraws it, with a reason, and rates anew.

    The four globals are 1 to 5 (`feedback.signoff.scales`). `figures` are the report's ratios and the
    version of its tagger at that moment; empty where no report was there.
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


class InboxSeen(models.Model):
    """How far a person has read their inbox: what is younger is new."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.person_id)


class Export(models.Model):
    """A file of an admin's: what is asked for, how far it is and until when it can be fetched.

    A worker writes it to `DATA_DIR/exports`; the row outlives the file.
    """

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"
        JSONL = "jsonl", _("JSON lines")
        PDF = "pdf", _("PDF, to read")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Being written")
        READY = "ready", _("Ready")
        STOPPED = "stopped", _("Stopped: the right to it ended")
        FAILED = "failed", _("Failed")
        GONE = "gone", _("Taken away: its time was over")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    table = models.CharField(max_length=16)
    format = models.CharField(max_length=8, choices=Format.choices, default=Format.CSV)
    labelled = models.BooleanField(default=False)
    full = models.BooleanField(default=False)
    bom = models.BooleanField(default=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    rows = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.table}.{self.format}"


__all__ = [  # Django finds models here; those of the closed loop, bases and dials stand in files of their own
    "CoachMerge", "CoachSwitch", "DialCalibration", "DialSwitch", "EvidenceStudy", "Export", "InboxSeen",
    "LoadedModel", "MockRating", "OtherWording", "PracticeGoal", "ReaderDials", "SeekerLine",
    "SessionReport", "StudyImport", "StudyPublication", "SuggestionCount", "SuggestionRating",
    "TechniqueEffect", "TrainerNote",
]  # fmt: skip
