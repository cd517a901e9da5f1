"""How the seeker's lines came about where a model words them: counts for the page of models."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Count
from django.utils import timezone

from feedback.models import SeekerLine
from feedback.replies.wording import Outcome
from peersupport.people.models import User

DAYS = 30
LOOKED_AT = 2000  # newest lines whose reasons are added up
OUTCOMES = (Outcome.REWORDED, Outcome.AUTHORED, Outcome.LATE)


def rates(days: int = DAYS) -> list[dict[str, Any]]:
    """One row per model over the last days, most asked first: {"coach", "asked", an entry for each of
    OUTCOMES, "looked" (lines whose reasons were added up), and of these "wordings", "refused" [(reason, n)],
    "failures" [(why, n)]}. 2 queries."""
    lines = SeekerLine.objects.filter(finished_at__gt=timezone.now() - datetime.timedelta(days=days))
    lines = lines.filter(outcome__in=OUTCOMES).order_by()
    found: dict[str, dict[str, Any]] = {}
    for row in lines.values("coach", "outcome").annotate(n=Count("pk")):
        total = found.setdefault(row["coach"], _nothing(row["coach"]))
        total[row["outcome"]] += row["n"]
        total["asked"] += row["n"]
    newest = lines.order_by("-finished_at").values_list("coach", "wordings", "refused", "why")
    for coach, wordings, refused, why in newest[:LOOKED_AT]:
        total = found.setdefault(coach, _nothing(coach))
        total["looked"] += 1
        total["wordings"] += wordings
        total["refused"].update(refused)
        total["failures"].update([why] if why else [])
    for total in found.values():
        for name in ("refused", "failures"):
            total[name] = total[name].most_common()
    return sorted(found.values(), key=lambda total: (-total["asked"], total["coach"]))


def rows_of(user: User) -> Iterable[dict[str, Any]]:
    """For the file of a person's own data: what was made of the lines that answered them. The words that they
    read are the seeker's messages."""
    found = SeekerLine.objects.filter(message__chat__volunteer=user).order_by("asked_at", "pk")
    names = ("message_id", "line_id", "outcome", "coach", "wordings", "refused", "asked_at", "finished_at")
    return found.values(*names).iterator(chunk_size=100)


def _nothing(coach: str) -> dict[str, Any]:
    numbers = dict.fromkeys(("asked", *OUTCOMES, "looked", "wordings"), 0)
    return {"coach": coach, **numbers, "refused": Counter(), "failures": Counter()}
