"""Dates are shown in the person's own time zone, which they choose on the page *Account*."""

from __future__ import annotations

import zoneinfo
from functools import cache

from django.utils import timezone

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
    return name == "UTC" or any(name == known for places in zones().values() for known, _place in places)


class TimeZoneMiddleware:
    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request):
        name = getattr(request.user, "time_zone", "UTC")
        try:
            zone = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)
