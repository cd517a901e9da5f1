"""A row of each kind that trainers and admins have, for addresses that name one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from feedback.exports import files
from feedback.models import Export, MockRating
from feedback.signoff.scales import KEYS
from peersupport.people.models import Cohort
from peersupport.practice import assignments
from tests.feedback.bases import finished_merge
from tests.feedback.dial_reports import finished_calibration
from tests.peersupport.own_scenario import draft_of
from tests.skills.trainings import finished_training


def rows_of_staff(people, chat) -> dict[str, Any]:
    """{part of an address: its value}: of the cohort North and of the admin."""
    north, today, now = Cohort.objects.get(name="North"), timezone.localdate(), timezone.now()
    ready = {"status": "ready", "finished_at": now, "expires_at": now + timedelta(days=1)}
    export = Export.objects.create(by=people.admin, table="tags", **ready)
    files.path_of(export.pk).write_bytes(b"a file")
    assigned = assignments.assign(north, chat.scenario, by=people.trainer, begins=today, due=today)
    rated = MockRating.objects.get_or_create(
        chat=chat,
        trainer=people.trainer,
        defaults={**dict.fromkeys(KEYS, 4), "decision": "signed_off", "note": "Well held."},
    )[0]
    return {
        "own_id": draft_of(north, people.trainer).pk,
        "rating_id": rated.pk,
        "cohort_id": north.pk,
        "assignment_id": assigned.pk,
        "export_id": export.pk,
        "training_id": finished_training(people.admin).pk,
        "behaviour": finished_calibration(people.admin).behaviour,
        "merge_id": finished_merge(people.admin).pk,
        "table": "tags",
        "kind": "codebook",
        "uidb64": "MQ",
        "token": "used-up",
    }
