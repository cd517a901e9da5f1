"""The calibrations of a coach's dials, who switched which, and what readers turned."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from peersupport.practice.models import PracticeChat


class DialCalibration(models.Model):
    """One calibration of one behaviour for one language model: who asked for it, and what came of it.

    `report` is that of `feedback.coach.steering.calibration`: means over items, no text. The files lie under
    DATA_DIR/models/dials; the Job row says how far it is.
    """

    behaviour = models.CharField(max_length=32)
    model = models.CharField(max_length=200)  # its name, as shown to people
    fingerprint = models.CharField(max_length=64, blank=True)  # of the weights that it was made for
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.behaviour} {self.pk}"

    @property
    def folder(self) -> str:
        """Its name among the dials of the same weights."""
        return f"{self.behaviour}-{self.pk}"

    @property
    def is_usable(self) -> bool:
        return bool(self.report and self.report["dial"]["usable"])


class DialSwitch(models.Model):
    """An admin switched a dial on or off, or took that back. The newest row of a behaviour is what holds.

    Where it is on, None is the dial that came with the model.
    """

    behaviour = models.CharField(max_length=32)
    fingerprint = models.CharField(max_length=64)
    before_on = models.BooleanField()
    before = models.ForeignKey(DialCalibration, on_delete=models.PROTECT, null=True, related_name="+")
    on = models.BooleanField()
    after = models.ForeignKey(DialCalibration, on_delete=models.PROTECT, null=True, related_name="+")
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["fingerprint", "behaviour", "id"], name="dial_switch_newest")]

    def __str__(self) -> str:
        return f"{self.behaviour} {'on' if self.on else 'off'}"


class ReaderDials(models.Model):
    """How a person last turned the dials when they asked for another wording."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    warmth = models.FloatField(default=0)  # share of the way to the end stop, 0 to 1
    brief = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.person_id)


class OtherWording(models.Model):
    """Another wording of a suggested reply that its reader asked for; asked again, the newest stands here.

    `text` is empty while it is being made and where nothing passed the closed loop. `found`: where it came
    from, as reports hold it of an alternative, and how far the dial was turned for it.
    """

    chat = models.ForeignKey(PracticeChat, on_delete=models.CASCADE, related_name="other_wordings")
    index = models.PositiveIntegerField()  # of the message that the reply stands in for
    warmth = models.FloatField(default=0)
    brief = models.BooleanField(default=False)
    tries = models.PositiveIntegerField(default=1)  # each draws anew
    text = models.TextField(blank=True)
    found = models.JSONField(default=dict, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failed = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["chat", "index"], name="one_other_wording_per_reply")]

    def __str__(self) -> str:
        return str(self.pk)  # never the text

    @property
    def strength(self) -> float:
        """How far warmth was turned for it, on the dial's own scale."""
        return float(self.found.get("share", 0.0)) * float(self.found.get("end", 0.0))
