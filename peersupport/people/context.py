"""What every page shows: the navigation, by role, and what holds in the organisation."""

from __future__ import annotations

from functools import cache

from django.utils.translation import gettext_lazy as _

from peersupport.organisation.current import current
from peersupport.people.models import Role
from peersupport.practice import slots

_LINKS = {
    Role.VOLUNTEER: [
        ("practice:scenarios", _("Practise")),
        ("practice:chats", _("My chats")),
        ("feedback:progress", _("Progress")),
        ("feedback:inbox", _("Inbox")),
    ],
    Role.TRAINER: [
        ("feedback:cohorts", _("Cohorts")),
        ("practice:chats", _("Cohort chats")),
        ("skills:review", _("Review")),
        ("authoring:scenarios", _("Scenarios")),
    ],
    Role.ADMIN: [
        ("people:list", _("People")),
        ("feedback:cohorts", _("Cohorts")),
        ("authoring:scenarios", _("Scenarios")),
        ("jobs:list", _("What is running")),
        ("skills:tagger", _("Tagger")),
        ("feedback:models", _("Models")),
        ("feedback:studies", _("Studies")),
        ("feedback:exports", _("Exports")),
        ("audit:events", _("Audit")),
    ],
}
_SHARED = [("feedback:evidence", _("Evidence")), ("people:own-data", _("Your data"))]


def navigation(request) -> dict:
    user = getattr(request, "user", None)
    # Called by the templates that show it: for who is not signed in it would be a query.
    organisation = cache(lambda: current(user))
    if user is None or not user.is_authenticated or getattr(request, "half_signed_in", False):
        return {"navigation": [], "organisation": organisation}
    # Asked for by the header alone, so that fragments of a page do not pay for it.
    unread = cache(lambda: slots.call(slots.INBOX_UNREAD, user))
    return {
        "navigation": _LINKS[Role(user.role)] + _SHARED,
        "inbox_unread": unread,
        "organisation": organisation,
    }
