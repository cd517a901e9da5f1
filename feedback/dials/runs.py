"""Starting a calibration, and how far it is. For the web process: nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from feedback.coach.engine import get_coach
from feedback.models import DialCalibration
from peersupport.audit.log import record
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.people.models import User

CALIBRATE = "dial_calibration"


class CalibrationRefusedError(Exception):
    """Nothing can be calibrated now; the message says what to do."""


@dataclass(frozen=True)
class Standing:
    """A calibration with its newest job."""

    calibration: DialCalibration
    job: Job | None

    @property
    def is_open(self) -> bool:
        return self.job is not None and self.job.is_open


def newest() -> Standing | None:
    """The one that was asked for last, of whatever behaviour. 1 query, 2 where there is one."""
    calibration = DialCalibration.objects.first()
    return _standing(calibration) if calibration else None


def _standing(calibration: DialCalibration) -> Standing:
    job = Job.objects.filter(kind=CALIBRATE, subject=str(calibration.pk)).order_by("-id").first()
    return Standing(calibration, job)


@transaction.atomic
def start(behaviour: str, person: User) -> tuple[DialCalibration, bool]:
    """The open calibration of the behaviour, or a new one; and whether it is new. One runs at a time, others
    wait. Raises CalibrationRefusedError."""
    model = get_coach().name
    if model is None:
        raise CalibrationRefusedError(_("No language model is configured (COACH_MODEL): there is no dial."))
    for open_one in _open(behaviour):
        if open_one.calibration.model == model:
            return open_one.calibration, False
    made = DialCalibration.objects.create(behaviour=behaviour, model=model[:200], asked_by=person)
    queue.enqueue(CALIBRATE, made.pk, ordering_key=CALIBRATE)
    record(person, "dial_calibrate", made)
    return made, True


@transaction.atomic
def cancel(behaviour: str, person: User) -> bool:
    """Whether there was something to cancel. What was measured is kept: asked for again, it goes on there."""
    for open_one in _open(behaviour):
        if queue.cancel(open_one.job):
            record(person, "dial_cancel", open_one.calibration)
            return True
    return False


def _open(behaviour: str) -> list[Standing]:
    queue.lock_open(CALIBRATE)
    rows = DialCalibration.objects.select_for_update().filter(behaviour=behaviour, finished_at=None)
    return [found for row in rows if (found := _standing(row)).is_open]
