"""Starting a merge, and how far it is. For the web process: nothing heavy is imported."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.bases import finetunes
from feedback.coach import serving
from feedback.coach.merging.catalog import METHODS
from feedback.coach.merging.errors import MergeError
from feedback.coach.merging.recipe import Expert, Recipe
from feedback.models import CoachMerge
from peersupport.audit.log import record
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.people.models import User

MERGE = "coach_merge"
MOST = 8  # fine-tunes in one merge
# A soup that is rewarded needs weights that were searched for: with equal ones it is the average.
OFFERED = {name: method for name, method in METHODS.items() if name != "rewarded_soup"}
# What a form may set: the method's parameter that is meant (its first that it has), lowest and highest. All
# others stay as published.
FIELDS: dict[str, tuple[tuple[str, ...], float, float]] = {
    "scale": (("lambda", "alpha"), 0.01, 3.0),
    "density": (("density",), 0.01, 1.0),
    "drop": (("drop",), 0.0, 0.99),
}


class RefusedError(Exception):
    """The step is not possible now; the message says what to do."""


@dataclass(frozen=True)
class Asked:
    """What a form says. `scale`, `density` and `drop` are as typed."""

    method: str = ""
    experts: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """A merge with its newest job. `key`: running, broken, failed, cancelled, erased or ready."""

    merge: CoachMerge
    job: Job | None

    @property
    def is_open(self) -> bool:
        return self.job is not None and self.job.is_open

    @property
    def key(self) -> str:
        if self.is_open:
            return "running"
        if self.merge.erased_at:
            return "erased"
        if self.job is not None and self.job.is_set_aside:
            return "broken"
        if self.merge.error:
            return "failed"
        return "ready" if self.merge.found else "cancelled"


def standings(merges: Iterable[CoachMerge]) -> list[Standing]:
    """1 query."""
    merges = list(merges)
    rows = Job.objects.filter(kind=MERGE, subject__in=[str(one.pk) for one in merges]).order_by("id")
    jobs = {job.subject: job for job in rows}
    return [Standing(merge, jobs.get(str(merge.pk))) for merge in merges]


def under_way() -> Standing | None:
    """The merge that is being made, or waits for it. At most 2 queries."""
    job = Job.objects.filter(kind=MERGE, status__in=Job.OPEN).order_by("id").first()
    merge = CoachMerge.objects.filter(pk=job.subject).first() if job else None
    return Standing(merge, job) if merge else None


def no_base() -> str:
    """Why nothing can be merged here at all; empty where it can."""
    if not serving.own_model():
        return _("No language model is configured: set COACH_MODEL, to coach-mini for example.")
    if serving.base_folder() is None:
        return _("COACH_MODEL names no folder on this machine: download the model, and name its folder.")
    return ""


def asked(fields: Any) -> Asked:
    """Of a POST."""
    return Asked(
        fields.get("method", "")[:64],
        tuple(dict.fromkeys(fields.getlist("experts")))[: MOST + 1],
        {name: fields.get(name, "").strip()[:20] for name in FIELDS},
    )


@transaction.atomic
def start(given: Asked, person: User) -> CoachMerge:
    """A new merge. The same asked for twice is started once. Raises RefusedError."""
    if words := no_base():
        raise RefusedError(words)
    recipe = _recipe(given)
    User.objects.select_for_update().get(pk=person.pk)  # a button pressed twice waits for itself
    if now := under_way():
        if now.merge.recipe == recipe:
            return now.merge
        raise RefusedError(_("A merge is under way: wait for it, or cancel it."))
    base = serving.base_folder().name[:64]
    merge = CoachMerge.objects.create(name=f".{uuid.uuid4().hex}", base=base, recipe=recipe, asked_by=person)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", base).strip("-._")[:32] or "coach"
    merge.name = f"{plain}-{recipe['method']}-{merge.pk}"
    merge.save(update_fields=["name"])
    queue.enqueue(MERGE, merge.pk, ordering_key=MERGE)
    record(person, "coach_merge", merge)
    return merge


def _recipe(given: Asked) -> dict[str, Any]:
    """What is kept of the form. Raises RefusedError for what cannot be merged so."""
    if given.method not in OFFERED:
        raise RefusedError(_("Choose a method."))
    known = {one.name for one in finetunes.found() if one.finished}
    if gone := [name for name in given.experts if name not in known]:
        words = _("There is no finished fine-tune %(name)s.")
        raise RefusedError(words % {"name": gone[0][:64]})
    if not given.experts or (len(given.experts) < 2 and given.method != "average"):
        raise RefusedError(_("Choose two fine-tunes or more; average also takes one alone."))
    if len(given.experts) > MOST:
        raise RefusedError(_("At most %(most)d fine-tunes are merged at a time.") % {"most": MOST})
    recipe = {
        "method": given.method,
        "experts": list(given.experts),
        "parameters": _parameters(given.method, given.values),
    }
    try:
        full(recipe, serving.base_folder())
    except MergeError as error:
        raise RefusedError(str(error)) from error
    return recipe


def _parameters(method: str, values: Mapping[str, str]) -> dict[str, float]:
    """Those that were given. Raises RefusedError for one that the method has not, or out of range."""
    given = {}
    for name, (meant, low, high) in FIELDS.items():
        if not (text := values.get(name, "")):
            continue
        key = next((one for one in meant if one in METHODS[method].defaults), None)
        if key is None:
            words = _("The method %(method)s has no %(name)s: leave it empty.")
            raise RefusedError(words % {"method": method, "name": name})
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            words = _("%(name)s lies between %(low)g and %(high)g.")
            raise RefusedError(words % {"name": name.capitalize(), "low": low, "high": high})
        given[key] = number
    return given


def full(recipe: Mapping[str, Any], base: Path) -> Recipe:
    """The engine's recipe, folders and all. Raises MergeError where it cannot be."""
    return Recipe(
        method=recipe["method"],
        base=base,
        experts=tuple(
            Expert(folder, adapter=finetunes.is_adapter(folder))
            for folder in (finetunes.home() / name for name in recipe["experts"])
        ),
        parameters=dict(recipe["parameters"]),
    )


@transaction.atomic
def again(merge: CoachMerge, person: User) -> None:
    """Make what failed or was cancelled, or compare a whole one with what serves now. Raises RefusedError."""
    merge = CoachMerge.objects.select_for_update().get(pk=merge.pk)
    now = under_way()
    if now is not None:
        if now.merge == merge:
            return
        raise RefusedError(_("A merge is under way: wait for it, or cancel it."))
    if words := no_base():
        raise RefusedError(words)
    if merge.erased_at:
        raise RefusedError(_("Its weights were deleted: start a new merge."))
    CoachMerge.objects.filter(pk=merge.pk).update(error="")
    queue.enqueue(MERGE, merge.pk, ordering_key=MERGE)
    record(person, "coach_merge_again", merge)


@transaction.atomic
def cancel(merge: CoachMerge, person: User) -> None:
    """Raises RefusedError where it was over already."""
    rows = Job.objects.filter(kind=MERGE, subject=str(merge.pk), status__in=Job.OPEN)
    if not sum(queue.cancel(job) for job in rows):
        raise RefusedError(_("There was nothing to cancel: it was over already."))
    CoachMerge.objects.filter(pk=merge.pk, found="").update(finished_at=timezone.now())
    record(person, "coach_merge_cancel", merge)
