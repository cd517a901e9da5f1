"""Lines of the seeker that a language model was asked to word."""

from __future__ import annotations

from django.db import models

from peersupport.practice.models import Message


class SeekerLine(models.Model):
    """The line that answers a counselor's message: the state machine's choice, on its way to be worded, and
    what came of it. It goes with the message.

    `text` is the authored line, empty once the seeker has answered: what was said is the seeker's Message,
    and `line_id` names what it was made of. `refused`: reason -> how many wordings fell to it.
    """

    class Outcome(models.TextChoices):
        WAITING = ""
        REWORDED = "reworded"
        AUTHORED = "authored"  # no wording was good enough, or the model gave none
        LATE = "late"  # the authored line was said because none had come in time
        NONE = "none"  # no answer was due any more

    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, primary_key=True, related_name="seeker_line"
    )
    line_id = models.CharField(max_length=64)
    layer = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16)
    text = models.TextField(blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()  # when the authored line is said
    outcome = models.CharField(max_length=16, blank=True, choices=Outcome.choices, default=Outcome.WAITING)
    finished_at = models.DateTimeField(null=True, blank=True, db_index=True)
    coach = models.CharField(max_length=200, blank=True)  # the model's name
    wordings = models.PositiveSmallIntegerField(default=0)  # a model's texts that were judged
    refused = models.JSONField(default=dict, blank=True)
    why = models.CharField(max_length=300, blank=True)  # the engine's own words, where it gave no text

    class Meta:
        ordering = ["asked_at"]

    def __str__(self) -> str:
        return str(self.pk)  # never the text
