"""The batch job that makes a new tagger version of trainers' corrections and compares it with the old one.

It begins anew after a worker was killed: the whole takes less than a minute of a core for every few thousand
messages. What it learns is what was said when it was asked for; where some of that is gone at the end
(somebody was erased, or took back their yes), nothing is written and it begins anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.utils import timezone

from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError
from skills.gold import reading, serving
from skills.models import ModelVersion, TaggerTraining
from skills.tagger.card import weights_folder


class GoldChangedError(Exception):
    """Some of what was learnt may not be learnt any more."""


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context):
    from skills.tagger.successor import TooLittleGoldError, succeed

    training = TaggerTraining.objects.filter(pk=job.subject, finished_at=None).first()
    if training is None:
        return lambda: None

    def told(share: float, words: str) -> None:
        if context.stopping.is_set():
            raise StoppedError
        context.checkpoint(job, progress=min(share, 0.99), state={"stage": words})

    part = serving.part_folder(training.pk, job.lease_token)
    shutil.rmtree(part, ignore_errors=True)
    found = reading.settled(training.asked_at)
    try:
        gold = reading.examples(found)
        card = succeed(weights_folder(), gold, part, made=training.asked_at.date(), told=told)
    except StoppedError as error:
        shutil.rmtree(part, ignore_errors=True)
        return error
    except TooLittleGoldError as error:
        return partial(_failed, training, str(error))
    return partial(_keep, training, found, card, part)


def _failed(training: TaggerTraining, words: str) -> None:
    TaggerTraining.objects.filter(pk=training.pk).update(error=words, finished_at=timezone.now())


def _keep(training: TaggerTraining, found: list[reading.Settled], card: dict[str, Any], part: Path) -> None:
    """Inside the closing transaction: the figures, and the weights where they beat the others."""
    if reading.settled(training.asked_at) != found:
        shutil.rmtree(part, ignore_errors=True)
        raise GoldChangedError
    refit = card["refit"]
    training.name, training.parent, training.figures = card["version"], refit["parent"], refit
    training.finished_at, training.error = timezone.now(), ""
    if refit["comparison"]["beats"]:
        training.made, _ = ModelVersion.objects.get_or_create(
            kind=serving.KIND,
            version=card["version"],
            defaults={"sha256": card["sha256"], "path": card["version"]},
        )
        serving.keep(part, card["version"])
    else:
        shutil.rmtree(part, ignore_errors=True)
    training.save()


def on_quarantine(job: Job) -> None:
    TaggerTraining.objects.filter(pk=job.subject, finished_at=None).update(
        error="The training failed several times; the page of what is running says where.",
    )


def on_requeue(job: Job) -> None:
    TaggerTraining.objects.filter(pk=job.subject, finished_at=None).update(error="")
