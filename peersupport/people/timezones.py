"""Dates are shown in the person's own time zone: their browser's, until they choose one on *Account*."""

from __future__ import annotations

import zoneinfo
from functools import cache

from django.contrib.auth import get_user_model
from django.utils import timezone

UNCHOSEN = "UTC"
CHOSEN_UTC = "Etc/UTC"  # the same zone by another name: who chose it keeps it, whatever their browser says

_AREAS = {
    "Africa", "America", "Antarctica", "Arctic", "Asia",
    "Atlantic", "Australia", "Europe", "Indian", "Pacific",
}  # fmt: skip


@cache
def zones() -> dict[str, list[tuple[str, str]]]:
    """{part of the world: (name of a zone, the name as people read it)}: places alone, since the other names
    stand for rules that few places keep."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        area, _slash, place = name.partition("/")
        if area in _AREAS and place:
            found.setdefault(area, []).append((name, place.replace("_", " ")))
    return found


def is_zone(name: str) -> bool:
    return name == UNCHOSEN or any(name == known for places in zones().values() for known, _place in places)


def chosen(name: str) -> str:
    """How a zone that a person chose is kept."""
    return CHOSEN_UTC if name == UNCHOSEN else name


def follow_browser(user, name: str) -> None:
    """Keep the zone that a browser named for who chose none; what is no zone of the list is passed over."""
    if user.time_zone == UNCHOSEN and name != UNCHOSEN and is_zone(name):
        get_user_model().objects.filter(pk=user.pk, time_zone=UNCHOSEN).update(time_zone=name)


class TimeZoneMiddleware:
    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request):
        name = getattr(request.user, "time_zone", UNCHOSEN)
        try:
            zone = zoneinfo.ZoneInfo("UTC" if name == CHOSEN_UTC else name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)
