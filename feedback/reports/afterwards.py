"""What stands on a report page beside the report: the volunteer's own view, a break, whom to meet next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import SessionReport
from peersupport.people import access
from peersupport.people.models import User
from peersupport.practice import after
from peersupport.practice.models import AfterChat, PracticeChat, Scenario
from peersupport.practice.scenarios import offered
from peersupport.safety import human_panel

HARDEST = 3
STATEMENTS = {
    "understood": gettext_lazy("I understood what it is like for this person."),
    "let_lead": gettext_lazy("I let the person lead, and did not push."),
    "feel_all_right": gettext_lazy("I feel all right after this chat."),
}


@dataclass(frozen=True)
class Rating:
    name: str
    statement: str
    value: int | None


@dataclass(frozen=True)
class Next:
    scenario: Scenario
    why: str


def context(chat: PracticeChat, user: User, found: SessionReport | None) -> dict[str, Any]:
    """For the page of an ended chat. Somebody else sees what was shared, and is asked nothing.

    `found` comes with its chat's `after` and with `after.signs`.
    """
    row, is_own = after.of(found.chat if found else chat), chat.volunteer_id == user.pk
    hard = found is not None and after.was_hard(
        chat, row, risky=found.risky, last_distress=found.last_distress
    )
    seen = {"ratings": is_own or row.ratings_shared, "answers": is_own or row.answers_shared}
    return {
        "after": row,
        "scale": AfterChat.SCALE,
        "ratings": ratings(row) if seen["ratings"] else [],
        "show_ratings": seen["ratings"] and row.is_rated,
        "show_answers": seen["answers"] and row.is_answered,
        # A chat that was brought is over long since, and need not be theirs.
        "ask_rating": is_own and row.asked is None and not chat.is_imported,
        "was_hard": is_own and hard,
        "was_warned": is_own and not hard and bool(chat.scenario and chat.scenario.content_warning),
        "disclosed": is_own and not chat.is_imported and found is not None and found.disclosed,
        "panel": human_panel(),
    }


def ratings(row: AfterChat) -> list[Rating]:
    return [Rating(name, words, getattr(row, name)) for name, words in STATEMENTS.items()]


def next_for(chat: PracticeChat, *, flawless: bool, hard: bool) -> Next | None:
    """Whom to practise with next, by a written rule: after a hard chat an easier one without a warning,
    never a harder one; after a `flawless` one a harder one, else one about as hard; new people first,
    then another style. None where there is nobody else, and of an imported chat. 1 query.
    """
    now = chat.scenario
    if now is None:
        return None
    wanted = now.difficulty + (-1 if hard else 1 if flawless else 0)
    rows = (
        offered(access.cohorts_for_user(chat.volunteer))
        .filter(risk=False, baseline=False)
        .exclude(slug=now.slug)
    )
    if hard:
        rows = rows.filter(content_warning="", difficulty__lte=now.difficulty)
    theirs = PracticeChat.objects.filter(volunteer=chat.volunteer_id, scenario__slug=OuterRef("slug"))
    return _best(rows.annotate(met=Exists(theirs)), now, min(HARDEST, max(1, wanted)))


def _best(rows: Iterable[Scenario], now: Scenario, wanted: int) -> Next | None:
    def rank(row: Scenario) -> tuple:
        return (abs(row.difficulty - wanted), row.met, row.style == now.style, row.title)

    best = min(rows, key=rank, default=None)
    if best is None:
        return None
    if best.difficulty < now.difficulty:
        why = _("easier than this one")
    elif best.difficulty > now.difficulty:
        why = _("a step harder")
    else:
        why = _("about as hard")
    return Next(best, why if best.met else _("%(why)s, and new to you") % {"why": why})
