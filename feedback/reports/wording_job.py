"""The job that words a suggested reply once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.utils import timezone

from feedback.coach.engine import get_coach
from feedback.models import OtherWording, SessionReport
from feedback.reports.another import WARMTH, another, point_at
from feedback.reports.points import Helpers
from feedback.studies import rows as studies
from peersupport.jobs.models import Job
from skills.tagger import load_tagger


def run(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    return {job.pk: _run_one(job) for job in jobs}


def _run_one(job: Job) -> Callable[[], None]:
    row = OtherWording.objects.select_related("chat").filter(pk=job.subject, finished_at=None).first()
    report = SessionReport.objects.filter(chat=row.chat).first() if row else None
    if report is None or point_at(report.body, row.index) is None:  # erased or written anew meanwhile
        return lambda: None
    tagger, coach = load_tagger(), get_coach()
    found = another(
        report.body,
        row.index,
        study=studies.serving_study(),
        helpers=Helpers(embed=tagger.embed, retag=tagger.tag, reword=coach.reword),
        seed=row.chat.seed * 1_000_003 + row.index * 101 + row.tries * 7_919,
        warmth=row.warmth,
        brief=row.brief,
        seen=row.found.get("seen", ()),
    )
    if found["share"]:
        found["end"] = coach.about()["dials"].get(WARMTH, 0.0)
    return partial(_write, row, found)


def _write(row: OtherWording, found: dict[str, Any]) -> None:
    """Inside the closing transaction. Nothing is left where the row went meanwhile."""
    text = found.pop("text")
    if found["alternative"]:
        del found["alternative"]["text"]  # stands beside it
    OtherWording.objects.filter(pk=row.pk, finished_at=None).update(
        text=text, found={**row.found, **found}, finished_at=timezone.now()
    )


def on_quarantine(job: Job) -> None:
    """It never stays pending."""
    OtherWording.objects.filter(pk=job.subject, finished_at=None).update(
        failed=True, finished_at=timezone.now()
    )


def on_requeue(job: Job) -> None:
    OtherWording.objects.filter(pk=job.subject, failed=True).update(failed=False, finished_at=None)
