"""What every page shows: the navigation, by role, and what holds in the organisation."""

from __future__ import annotations

from functools import cache

from django.urls import reverse
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
        (
            _("People"),
            [
                ("people:list", _("People")),
                ("feedback:cohorts", _("Cohorts")),
                ("authoring:scenarios", _("Scenarios")),
            ],
        ),
        (
            _("Evidence"),
            [
                ("feedback:evidence", _("Evidence")),
                ("feedback:studies", _("Studies")),
                ("feedback:exports", _("Exports")),
            ],
        ),
        (_("Models"), [("feedback:models", _("Models")), ("skills:tagger", _("Tagger"))]),
        (
            _("System"),
            [
                ("organisation:settings", _("Organisation")),
                ("people:retention", _("Retention")),
                ("jobs:list", _("What is running")),
                ("audit:events", _("Audit")),
            ],
        ),
    ],
}
_EVIDENCE, _OWN_DATA = ("feedback:evidence", _("Evidence")), ("people:own-data", _("Your data"))
# An admin's evidence stands in its menu.
_SHARED = {
    Role.VOLUNTEER: [_EVIDENCE, _OWN_DATA],
    Role.TRAINER: [_EVIDENCE, _OWN_DATA],
    Role.ADMIN: [_OWN_DATA],
}


def _entry(first: str, rest, path: str) -> dict:
    """A link, or a menu of links where `rest` is a list of them."""
    if not isinstance(rest, list):
        address = reverse(first)
        return {"name": first, "label": rest, "address": address, "current": path == address}
    links = [_entry(name, label, path) for name, label in rest]
    within = any(path.startswith(link["address"]) for link in links)
    return {"label": first, "links": links, "current": within}


def navigation(request) -> dict:
    user = getattr(request, "user", None)
    # Called by the templates that show it: for who is not signed in it would be a query.
    organisation = cache(lambda: current(user))
    if user is None or not user.is_authenticated or getattr(request, "half_signed_in", False):
        return {"navigation": [], "organisation": organisation}
    # Asked for by the header alone, so that fragments of a page do not pay for it.
    unread = cache(lambda: slots.call(slots.INBOX_UNREAD, user))
    role = Role(user.role)
    return {
        "navigation": [_entry(*one, request.path) for one in _LINKS[role] + _SHARED[role]],
        "inbox_unread": unread,
        "organisation": organisation,
    }
