"""The batch job that calibrates a dial for the language model that serves.

What it measured lies beside it strength by strength: after a stop, a killed worker or a cancelled run the
next one goes on from there, as long as weights, pairs and grid are the same.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.utils import timezone

from feedback.coach import dial_files
from feedback.coach.engine import EngineError, get_coach, is_mini, load_model, settings_config
from feedback.dials import serving
from feedback.models import DialCalibration
from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError

ARMS = {
    "steered": "the behaviour's direction",
    "random": "a random direction",
    "prompt": "asked for outright, nothing steered",
}


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context):
    row = DialCalibration.objects.filter(pk=job.subject, finished_at=None).first()
    if row is None:
        return lambda: None
    config = settings_config(trust=False)
    if config is None or get_coach(config).name[:200] != row.model:
        return partial(_failed, row, "Another language model serves by now: calibrate for that one.")

    def told(done: int, total: int, what: str) -> None:
        arm, _space, strength = what.partition(" ")
        words = f"{ARMS[arm]}, {strength}" if arm in ARMS else what
        context.checkpoint(job, progress=min(done / total, 0.99), state={"stage": words})

    from feedback.coach.steering.errors import Cancelled, SteeringError

    try:
        context.checkpoint(job, progress=0.0, state={"stage": "loading the language model"})
        began = time.monotonic()
        stops = partial(_stops, job, context, began)
        report, work = calibrated(config, row.behaviour, told, stops)
    except Cancelled:
        return StoppedError()
    except (SteeringError, EngineError) as error:
        return partial(_failed, row, str(error))
    return partial(_keep, row, report, work)


def _stops(job: Job, context, began: float) -> bool:
    return context.gives_way(job, time.monotonic() - began)


def calibrated(config: Any, behaviour: str, told: Any, should_stop: Any) -> tuple[dict[str, Any], Path]:
    """(report, folder that it lies in). coach-mini is asked in its own language where there are such pairs:
    handwritten replies are unlikely for so small a model whatever is done to its states."""
    from feedback.coach.mini.form import MiniForm
    from feedback.coach.mini.own_pairs import AGAINST, own_behaviour
    from feedback.coach.steering.blocks import fingerprint
    from feedback.coach.steering.calibration import calibrate
    from feedback.coach.steering.pairs import load_behaviour

    model, tokenizer = load_model(config)
    mini = is_mini(tokenizer)
    load = own_behaviour if mini and behaviour in AGAINST else load_behaviour
    work = dial_files.place(serving.home(), fingerprint(model)) / f".part-{behaviour}"
    form = MiniForm(behaviour) if mini else None
    report = calibrate(
        model, tokenizer, load(behaviour), work, form=form, progress=told, should_stop=should_stop
    )
    return report, work


def _failed(row: DialCalibration, words: str) -> None:
    DialCalibration.objects.filter(pk=row.pk).update(error=words[:2000], finished_at=timezone.now())


def _keep(row: DialCalibration, report: dict[str, Any], work: Path) -> None:
    """Inside the closing transaction."""
    there = work.with_name(row.folder)
    shutil.rmtree(there, ignore_errors=True)
    os.replace(work, there)
    row.fingerprint, row.report = report["model"]["fingerprint"], report
    row.finished_at, row.error = timezone.now(), ""
    row.save()


def on_quarantine(job: Job) -> None:
    DialCalibration.objects.filter(pk=job.subject, finished_at=None).update(
        error="The calibration failed several times; the page of what is running says where.",
    )


def on_requeue(job: Job) -> None:
    DialCalibration.objects.filter(pk=job.subject, finished_at=None).update(error="")
