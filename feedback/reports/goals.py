"""What a volunteer has chosen to practise: at most two techniques at a time, and how often they came up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import PracticeGoal
from peersupport.people.models import User
from peersupport.practice.models import PracticeChat
from skills.taxonomy import TECHNIQUES, Technique

MOST = 2  # more than two things cannot be practised in one chat
WORDS = 200


def practisable() -> list[Technique]:
    """What can be a goal: questions, reflections, what MITI counts as adherent, and support. More of what
    guidelines discourage, or of persuading, is no goal."""
    behaviours = {"question", "reflection_simple", "reflection_complex", "adherent"}
    return [one for one in TECHNIQUES.values() if one.miti in behaviours or one.code == "support"]


def open_goals(user: User) -> list[PracticeGoal]:
    """The person's goals now, oldest first, each with `.name` and `.meaning` of its technique. 1 query."""
    return _named(PracticeGoal.objects.filter(volunteer=user, closed_at=None))


def _named(goals: Iterable[PracticeGoal]) -> list[PracticeGoal]:
    named = list(goals)
    for goal in named:
        goal.name, goal.meaning = TECHNIQUES[goal.technique].name, TECHNIQUES[goal.technique].definition
    return named


def goal_for_user(user: User, goal_id: int) -> PracticeGoal:
    """One of the person's own goals. Raises Http404 for those of others."""
    found = PracticeGoal.objects.filter(pk=goal_id, volunteer=user).first()
    if found is None:
        raise Http404
    return found


def read_date(text: str) -> date | None:
    """Raises ValidationError for what is no date or one that is over."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValidationError(_("Give the date as year-month-day, such as 2027-03-01.")) from None
    if found < timezone.localdate():
        raise ValidationError(_("That date is over. Choose a day to come, or none."))
    return found


@transaction.atomic
def set_goal(user: User, *, technique: str, words: str = "", until: date | None = None) -> PracticeGoal:
    """Raises ValidationError with words for the volunteer."""
    User.objects.select_for_update().get(pk=user.pk)  # two requests at once make no third goal
    if technique not in {choice.code for choice in practisable()}:
        raise ValidationError(_("Choose a technique from the list."))
    words = words.encode("utf-8", "replace").decode()
    if len(words) > WORDS:
        raise ValidationError(_("Please keep your own words under %(n)d characters.") % {"n": WORDS})
    goals = open_goals(user)
    if any(goal.technique == technique for goal in goals):
        raise ValidationError(_("You are practising that one already."))
    if len(goals) >= MOST:
        raise ValidationError(_("Two goals at a time are enough. Close one first."))
    return PracticeGoal.objects.create(volunteer=user, technique=technique, words=words, until=until)


def close_goal(goal: PracticeGoal) -> bool:
    """False when it was closed before."""
    return bool(PracticeGoal.objects.filter(pk=goal.pk, closed_at=None).update(closed_at=timezone.now()))


def goals_in_report(chat: PracticeChat, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The goals that were open while the chat went on, with how many of the report's tagged messages carry
    the technique: [{"goal", "count", "n"}]. 1 query."""
    ended = chat.ended_at or timezone.now()
    during = Q(closed_at=None) | Q(closed_at__gt=chat.created_at)
    goals = PracticeGoal.objects.filter(during, volunteer=chat.volunteer_id, created_at__lt=ended)
    tagged = [
        {tag["code"] for tag in entry["tags"]}
        for entry in body.get("messages", ())
        if entry["role"] == "counselor" and entry["tagged"] and entry.get("risk_level", "none") == "none"
    ]
    return [
        {"goal": goal, "count": sum(goal.technique in codes for codes in tagged), "n": len(tagged)}
        for goal in _named(goals)
    ]


def rows(user: User) -> Iterable[dict]:
    """For the file of the person's own data."""
    found = PracticeGoal.objects.filter(volunteer=user).order_by("id")
    return found.values("technique", "words", "until", "created_at", "closed_at")
