"""The scenario files of the seeker as rows that chats can point to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from django.db import transaction
from django.db.models import Q, QuerySet

from peersupport import seeker
from peersupport.people.models import Cohort
from peersupport.practice import assignments
from peersupport.practice.models import Scenario


@cache
def authored() -> dict[str, seeker.Scenario]:
    """Every authored scenario of this process, by the hash of its file."""
    return {scenario.sha256: scenario for scenario in seeker.load_scenarios().values()}


def authored_for(row: Scenario) -> seeker.Scenario:
    """The authored scenario of a row. Raises LookupError when its file is gone, BankError when a table of
    our own people's no longer fits the engine."""
    if row.own:
        return _own(row.pk, row.slug, row.sha256)
    try:
        return authored()[row.sha256]
    except KeyError:
        by_slug = {scenario.slug: scenario for scenario in authored().values()}
        if row.slug in by_slug:
            return by_slug[row.slug]
        raise LookupError(f"scenario {row.slug!r} is no longer among the authored files") from None


@lru_cache(maxsize=128)
def _own(pk: int, slug: str, sha256: str) -> seeker.Scenario:
    """A published version never changes, so each is read once per process. 1 query."""
    version = Scenario.objects.select_related("lines").get(pk=pk)
    return seeker.compose_scenario(version.lines.table, slug=slug, sha256=sha256)


def offered(cohorts: QuerySet[Cohort] | Iterable[Cohort]) -> QuerySet[Scenario]:
    """What volunteers of these cohorts can choose now: what is shipped, and their cohorts' own."""
    return Scenario.objects.filter(Q(own=False) | Q(cohort__in=cohorts), active=True)


@transaction.atomic
def sync() -> int:
    """Write a row for each new file version and retire rows of older ones; what trainers asked for follows.
    Returns rows added."""
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
    shipped = Scenario.objects.filter(own=False)
    shipped.exclude(sha256__in=authored()).update(active=False)
    shipped.filter(sha256__in=authored()).update(active=True)
    assignments.follow_versions()
    return added
