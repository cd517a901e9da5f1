"""Everything the installation holds about one person, as one JSON file that is written while it is read.

The rooms and packages above register what they hold; a section is a list of objects.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from axes.models import AccessAttempt
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from peersupport.audit.models import AuditEvent
from peersupport.people import consents, sessions
from peersupport.people.models import Role, User

FORMAT = "own-data-1"
BLOCK = 5000  # keys in one query
Rows = Callable[[User], Iterable[dict[str, Any]]]
# (user) -> {object kind of audit lines: keys of the person's objects of that kind}
Objects = Callable[[User], dict[str, list[str]]]

_sections: dict[str, Rows] = {}
_objects: dict[str, Objects] = {}


def register(section: str, rows: Rows, objects: Objects | None = None) -> None:
    """Add a section, and whose audit lines belong to the person with it."""
    if _sections.setdefault(section, rows) is not rows:
        raise ValueError(f"section {section!r} is registered twice")
    if objects is not None:
        _objects[section] = objects


def as_json(user: User) -> Iterator[str]:
    """The file piece by piece: {"format", "made", then one list per section}."""
    head = {"format": FORMAT, "made": timezone.now()}
    yield dumps(head)[:-1]
    for name, rows in _sections.items():
        yield f",\n{json.dumps(name)}: ["
        for number, row in enumerate(rows(user)):
            yield (",\n" if number else "\n") + dumps(row)
        yield "]"
    yield "}\n"


def sections() -> Iterable[tuple[str, Rows]]:
    return _sections.items()


def dumps(value: Any, **options) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, **options)


def register_own() -> None:
    """The sections of this room. The password is left out: only a fingerprint of it is kept."""
    register("account", _account)
    register("memberships", _memberships)
    register("consents", consents.rows, _consent_objects)
    register("signed_in", _signed_in)
    register("second_factor", _second_factor)
    register("wrong_passwords", _wrong_passwords)
    register("audit", _audit)


def _account(user: User) -> list[dict]:
    names = (
        "id",
        "username",
        "first_name",
        "last_name",
        "email",
        "role",
        "time_zone",
        "is_active",
        "shares_new_chats",
        "may_export_full",
        "is_demo",
    )
    return [{name: getattr(user, name) for name in (*names, "date_joined", "last_login")}]


def _consent_objects(user: User) -> dict[str, list[str]]:
    return {"consent": [str(row["id"]) for row in consents.rows(user)]}


def _memberships(user: User) -> Iterable[dict]:
    return user.memberships.order_by("since").values("cohort__name", "since", "until")


def _signed_in(user: User) -> Iterator[dict]:
    # Not the key itself: whoever holds it is signed in.
    return ({"until": session.expire_date} for session in sessions.of_person(user.pk))


def _second_factor(user: User) -> Iterable[dict]:
    # Neither its key nor the recovery codes: whoever holds them can pass.
    return TOTPDevice.objects.filter(user=user).values("name", "confirmed", "created_at", "last_used_at")


def _wrong_passwords(user: User) -> Iterable[dict]:
    tries = AccessAttempt.objects.filter(username=user.username)
    return tries.values("attempt_time", "ip_address", "user_agent", "failures_since_start")


def _audit(user: User) -> Iterator[dict]:
    """What the person did, then what others did to what is theirs (by role, not by name)."""
    for line in AuditEvent.objects.filter(actor_id=user.pk).order_by("id").iterator():
        yield _line(line, "you")
    roles = dict(User.objects.exclude(role=Role.VOLUNTEER).values_list("pk", "role"))
    others = AuditEvent.objects.exclude(actor_id=user.pk).order_by("id")
    for kind, keys in _kinds(user):
        for start in range(0, len(keys), BLOCK):
            some = others.filter(object_kind=kind, object_id__in=keys[start : start + BLOCK])
            for line in some.iterator():
                yield _line(line, roles.get(line.actor_id, "unknown"))


def _kinds(user: User) -> Iterator[tuple[str, list[str]]]:
    yield "user", [str(user.pk)]
    for objects in _objects.values():
        yield from objects(user).items()


def _line(line: AuditEvent, by: str) -> dict:
    return {"at": line.at, "by": by, "did": line.verb, "to": line.object_kind, "id": line.object_id}
