"""The list of chats: which of those that a person may read are asked for, a hundred to a page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import QueryDict

from peersupport.people import access
from peersupport.people.models import User
from peersupport.practice import slots

SHOWN = 100


def page_of(user: User, query: QueryDict) -> dict[str, Any]:
    """{"chats": a page, newest first, "kept": the filters for the page's links}; for trainers, who may ask
    for one volunteer and for what waits for feedback (oldest first), also "people", "volunteer", "waiting".

    A filter that nothing can fit gives nothing. 2 queries, and 1 for the names of a trainer's volunteers.
    """
    rows, kept, filters = access.chats_for_user(user).order_by("-created_at", "-pk"), {}, {}
    if user.is_trainer:
        people = access.volunteers_for_user(user).order_by("first_name", "username")
        filters = {"people": people, "volunteer": None, "waiting": bool(query.get("waiting"))}
        if asked := query.get("volunteer", ""):
            filters["volunteer"] = _number(asked)
            rows = rows.filter(volunteer=filters["volunteer"])
            kept["volunteer"] = filters["volunteer"]
        if filters["waiting"]:
            rows = slots.call(slots.CHATS_WAITING, rows).order_by("ended_at", "pk")
            kept["waiting"] = 1
    return {"chats": Paginator(rows, SHOWN).get_page(query.get("page")), "kept": urlencode(kept), **filters}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
