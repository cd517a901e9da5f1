"""What a person's open pages depend on, for many people in three queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from peersupport.people.models import Membership, User


def standings(people: Collection[int], sessions: Collection[str]) -> dict[int | str, Any]:
    """{user id: role, activity, password and memberships; session key: True}, all as they are now.

    Compare two looks: a value that differs, or that is missing, is reason to check access anew. It is
    no check itself. Who and which sessions are not in the database any more are missing.
    """
    cohorts: dict[int, set[int]] = defaultdict(set)
    current = Membership.objects.current().filter(user__in=people)
    for user_id, cohort_id in current.values_list("user_id", "cohort_id"):
        cohorts[user_id].add(cohort_id)
    found: dict[int | str, Any] = {
        row[0]: (row[1:], frozenset(cohorts[row[0]]))
        for row in User.objects.filter(pk__in=people).values_list("pk", "role", "is_active", "password")
    }
    alive = Session.objects.filter(session_key__in=sessions, expire_date__gt=timezone.now())
    return found | dict.fromkeys(alive.values_list("session_key", flat=True), True)
