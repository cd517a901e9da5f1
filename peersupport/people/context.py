"""The navigation every page shows, by role."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from peersupport.people.models import Role

_LINKS = {
    Role.VOLUNTEER: [("practice:scenarios", _("Practise")), ("practice:chats", _("My chats"))],
    Role.TRAINER: [("practice:chats", _("Cohort chats"))],
    Role.ADMIN: [
        ("people:list", _("People")),
        ("jobs:list", _("What is running")),
        ("feedback:exports", _("Exports")),
    ],
}
_SHARED = [("feedback:evidence", _("Evidence"))]


def navigation(request) -> dict:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": []}
    return {"navigation": _LINKS[Role(user.role)] + _SHARED}
