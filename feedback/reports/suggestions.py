"""How the suggested replies of reports came about, as counts per day, and what volunteers think of them."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from feedback.models import SessionReport, SuggestionCount, SuggestionRating
from peersupport.practice.models import PracticeChat

DAYS = 30
OUTCOMES = ("first", "retried", "authored", "fallback", "none")
WITHOUT_MODEL = OUTCOMES[2:]


def outcome(alternative: Mapping[str, Any] | None) -> str:
    """One of OUTCOMES for a point's alternative as reports hold it."""
    if alternative is None:
        return "none"
    if alternative["fallback"]:
        return "fallback"
    if alternative["source"] != "model":
        return "authored"
    return "retried" if (alternative["checks"].get("place") or 1) > 1 else "first"


def count(body: Mapping[str, Any]) -> None:
    """Adds a report's suggestions to today's counts. Runs inside the transaction that writes the report."""
    asked = [point for point in body["points"] if point["recommended"]]
    if not asked:
        return
    found = Counter(outcome(point["alternative"]) for point in asked)
    looks = [point["wordings"] for point in asked if point.get("wordings")]
    failed = [gap.get("why", "") for gap in body["missing"] if gap["what"] == "rewording"]
    row, _ = SuggestionCount.objects.select_for_update().get_or_create(
        day=timezone.now().date(), coach=(body["coach"]["model"] or "")[:200]
    )
    row.asked += len(asked)
    for name in OUTCOMES:
        setattr(row, name, getattr(row, name) + found[name])
    row.wordings += sum(look["judged"] for look in looks)
    row.refused = _added(row.refused, *(look["refused"] for look in looks))
    row.failures = _added(row.failures, Counter(failed))
    row.save()


def _added(*counts: Mapping[str, int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in counts:
        found.update(one)
    return dict(found)


def rates(days: int = DAYS) -> list[dict[str, Any]]:
    """One row per coach over the last days, most asked first. Two queries.

    {"coach", "asked", OUTCOMES, "wordings", "refused" [(reason, n)], "failures" [(why, n)], "helpful",
    "rated"}; a coach that was only rated has `asked` 0.
    """
    since = timezone.now().date() - datetime.timedelta(days=days - 1)
    found: dict[str, dict[str, Any]] = {}
    for row in SuggestionCount.objects.filter(day__gte=since):
        total = found.setdefault(row.coach, _nothing(row.coach))
        for name in ("asked", *OUTCOMES, "wordings"):
            total[name] += getattr(row, name)
        total["refused"].update(row.refused)
        total["failures"].update(row.failures)
    rated = SuggestionRating.objects.filter(created_at__date__gte=since).order_by().values("coach")
    for row in rated.annotate(rated=Count("id"), helpful=Count("id", filter=Q(helpful=True))):
        total = found.setdefault(row["coach"], _nothing(row["coach"]))
        total |= {"rated": row["rated"], "helpful": row["helpful"]}
        found[row["coach"]] = total
    for total in found.values():
        for name in ("refused", "failures"):
            total[name] = total[name].most_common()
    return sorted(found.values(), key=lambda total: (-total["asked"], total["coach"]))


def _nothing(coach: str) -> dict[str, Any]:
    numbers = dict.fromkeys(("asked", *OUTCOMES, "wordings", "rated", "helpful"), 0)
    return {"coach": coach, **numbers, "refused": Counter(), "failures": Counter()}


@transaction.atomic
def rate(chat: PracticeChat, index: int, *, helpful: bool) -> bool:
    """Keeps what the volunteer says of the reply at a message; asked again, the last word holds. False where
    the report suggests none there."""
    report = SessionReport.objects.select_for_update().filter(chat=chat).first()
    points = report.body.get("points", ()) if report else ()
    point = next((one for one in points if one["index"] == index and one["alternative"]), None)
    if point is None:
        return False
    by_model = point["alternative"]["source"] == "model"
    coach = (report.body["coach"]["model"] or "") if by_model else ""
    SuggestionRating.objects.update_or_create(
        chat=chat, index=index, defaults={"helpful": helpful, "coach": coach[:200]}
    )
    return True


def ratings_of(chat: PracticeChat) -> dict[int, bool]:
    """Message index -> whether the volunteer found the reply there helpful."""
    return dict(SuggestionRating.objects.filter(chat=chat).values_list("index", "helpful"))


def forget_ratings(chat: PracticeChat) -> None:
    """The report is written anew: what was rated stands there no longer."""
    SuggestionRating.objects.filter(chat=chat).delete()
