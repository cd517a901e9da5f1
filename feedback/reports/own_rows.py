"""A person's session reports for the file of their own data."""

from __future__ import annotations

from collections.abc import Iterable

from feedback.models import SessionReport, SuggestionRating
from peersupport.people.models import User


def reports(user: User) -> Iterable[dict]:
    rows = SessionReport.objects.filter(chat__volunteer=user).order_by("id")
    names = ("chat_id", "status", "tagger_version", "created_at", "finished_at", "body")
    return rows.values(*names).iterator(chunk_size=100)


def objects(user: User) -> dict[str, list[str]]:
    keys = SessionReport.objects.filter(chat__volunteer=user).values_list("pk", flat=True)
    return {"sessionreport": [str(pk) for pk in keys]}


def suggestion_ratings(user: User) -> Iterable[dict]:
    rows = SuggestionRating.objects.filter(chat__volunteer=user).order_by("id")
    return rows.values("chat_id", "index", "helpful", "coach", "created_at").iterator(chunk_size=100)
