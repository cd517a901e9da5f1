"""The scenario files of the seeker as rows that chats can point to."""

from __future__ import annotations

from functools import cache

from django.db import transaction

from peersupport import seeker
from peersupport.practice.models import Scenario


@cache
def authored() -> dict[str, seeker.Scenario]:
    """Every authored scenario of this process, by the hash of its file."""
    return {scenario.sha256: scenario for scenario in seeker.load_scenarios().values()}


def authored_for(row: Scenario) -> seeker.Scenario:
    """The authored scenario of a row. Raises LookupError when its file changed since."""
    try:
        return authored()[row.sha256]
    except KeyError:
        by_slug = {scenario.slug: scenario for scenario in authored().values()}
        if row.slug in by_slug:
            return by_slug[row.slug]
        raise LookupError(f"scenario {row.slug!r} is no longer among the authored files") from None


@transaction.atomic
def sync() -> int:
    """Write a row for each new file version and retire rows of older ones. Returns rows added."""
    added = 0
    for scenario in authored().values():
        _, created = Scenario.objects.get_or_create(
            slug=scenario.slug,
            sha256=scenario.sha256,
            defaults={
                "version": str(scenario.version),
                "title": scenario.title,
                "topic": scenario.topic,
                "difficulty": scenario.difficulty,
                "style": scenario.style,
                "persona": scenario.persona,
                "content_warning": scenario.content_warning,
                "risk": scenario.risk,
                "baseline": scenario.baseline,
            },
        )
        added += created
    Scenario.objects.exclude(sha256__in=authored()).update(active=False)
    Scenario.objects.filter(sha256__in=authored()).update(active=True)
    return added
