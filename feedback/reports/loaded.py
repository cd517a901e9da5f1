"""Which model each worker holds: loaded before the first report, written down for the page of models."""

from __future__ import annotations

import datetime
import logging

from django.utils import timezone

from feedback.coach.engine import CoachConfig, EngineError, NoCoach, get_coach
from feedback.models import LoadedModel
from peersupport.jobs.models import Lane
from peersupport.operations import figures

logger = logging.getLogger(__name__)
KEPT = datetime.timedelta(days=2)
_told: dict[str, CoachConfig | None] = {}  # by worker of this process: what was last written down


def warm_up(worker: str) -> None:
    """Loads the coach that the settings name and lets it write a token; what came of it is kept."""
    coach = get_coach()
    _told[worker] = None if isinstance(coach, NoCoach) else coach.config
    if isinstance(coach, NoCoach):
        LoadedModel.objects.filter(worker=worker).delete()
        return
    about, error = {"model": coach.name}, ""
    try:
        coach.warm_up()
        about = coach.about()
    except EngineError as failure:
        error = str(failure)[:300]
        logger.warning("the coach is not ready: %s", error)
    LoadedModel.objects.update_or_create(
        worker=worker, defaults={"about": about, "error": error, "loaded_at": timezone.now()}
    )
    LoadedModel.objects.filter(loaded_at__lt=timezone.now() - KEPT).exclude(
        worker__in=[row["worker"] for row in figures.workers_seen()]
    ).delete()


def follow_switch(worker: str) -> None:
    """Where another model serves than the worker wrote down: loads it now, and writes that down. No query
    otherwise."""
    coach = get_coach()
    config = None if isinstance(coach, NoCoach) else coach.config
    if _told.get(worker, config) != config:
        warm_up(worker)


def workers() -> list[dict]:
    """Workers of the coach lane that are at work now, each with its LoadedModel or None. Four queries."""
    held = {row.worker: row for row in LoadedModel.objects.all()}
    for row in held.values():
        lows = row.about.get("lows", {})
        row.stops = [(name, lows.get(name, 0.0), end) for name, end in row.about.get("dials", {}).items()]
        row.about["millions"] = f"{row.about.get('weights', 0) / 1e6:,.1f}"
    return [
        {"worker": row["worker"], "last": row["last"], "loaded": held.get(row["worker"])}
        for row in figures.workers_seen()
        if row["lane"] == Lane.COACH
    ]
