"""An organisation's own tables on their way to a study."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import models
from django.utils.functional import cached_property

from feedback.studies.models import EvidenceStudy


class StudyImport(models.Model):
    """Tables that an admin brought for a study, what was seen in them, and what came of it.

    The files lie in a folder of this number (`feedback.study_imports.files`); how far the work is stands in
    the Job rows that name it. It names no person: who did what is in the audit log.
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
