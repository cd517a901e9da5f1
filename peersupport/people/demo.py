"""Demo people: whether they are shown, and taking them away without touching anybody real."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from peersupport.people import erasure
from peersupport.people.cohorts import is_empty
from peersupport.people.models import Cohort, User


def people() -> QuerySet[User]:
    return User.objects.filter(is_demo=True)


def is_shown() -> bool:
    """Whether the sign-in page names their logins: on one machine only, as everybody knows the password."""
    return settings.IS_LOCAL and people().filter(is_active=True).exists()


def cohorts_of(names: Collection[str]) -> list[int]:
    """Ids of the cohorts of these names in which a demo person is: to be asked before `remove`."""
    found = Cohort.objects.filter(name__in=names, memberships__user__is_demo=True)
    return sorted(set(found.values_list("pk", flat=True)))


def remove(cohorts: Collection[int]) -> tuple[int, list[str]]:
    """Erase the demo people as anybody is erased, and of these cohorts those in which nothing is left.
    Returns how many people there were, and the cohorts that stay. `erasure.tidy` comes after it."""
    found = list(people())
    for user in found:
        erasure.erase_now(user, by=None)
    kept = []
    for cohort in Cohort.objects.filter(pk__in=cohorts):
        with transaction.atomic():
            if is_empty(cohort):
                cohort.delete()
            else:
                kept.append(cohort.name)
    return len(found), kept
