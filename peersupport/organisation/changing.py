"""Making a version of the settings, and saying what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.organisation.models import OrganisationVersion
from peersupport.organisation.values import digest_of


class OutOfDateError(Exception):
    """Somebody else saved meanwhile."""


@dataclass(frozen=True)
class Change:
    """`before` and `after` are empty where the environment's value holds."""

    what: str
    before: str
    after: str


def newest() -> OrganisationVersion | None:
    return OrganisationVersion.objects.first()


def save(body: Mapping[str, Any], *, by, on: int, back_to: int | None = None) -> OrganisationVersion | None:
    """Make a version on top of number `on` (0: of none), with its audit line. None where nothing differs.
    Raises OutOfDateError where another one is the newest by now."""
    with transaction.atomic():
        last = newest()
        if (last.number if last else 0) != on:
            raise OutOfDateError
        if (last.body if last else {}) == body:
            return None
        try:
            with transaction.atomic():
                made = OrganisationVersion.objects.create(
                    number=on + 1, body=dict(body), digest=digest_of(body), person=by, back_to=back_to
                )
        except IntegrityError as error:  # two at once: the number is unique
            raise OutOfDateError from error
        record(by, "organisation_set" if back_to is None else "organisation_back", made)
    return made


def body_of(number: int) -> dict[str, Any] | None:
    """Of a version, {} for 0 ("as installed"); None where there is none of that number."""
    if number == 0:
        return {}
    return OrganisationVersion.objects.filter(number=number).values_list("body", flat=True).first()


def changes(before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, Any]) -> list[Change]:
    """In the order of `names`: {"name": …, "consent.research": …}."""
    old, new = _flat(before), _flat(after)
    return [Change(str(words), old.get(key, ""), new.get(key, "")) for key, words in names.items()
            if old.get(key, "") != new.get(key, "")]  # fmt: skip


def _flat(body: Mapping[str, Any]) -> dict[str, str]:
    found = {key: str(body[key]) for key in ("name", "region", "policy", "policy_text") if body.get(key)}
    if (days := body.get("retention_days")) is not None:
        found["retention_days"] = _("kept") if days == 0 else str(days)
    found |= {f"consent.{purpose}": text for purpose, text in (body.get("consent") or {}).items()}
    if lines := body.get("lines"):
        found["lines"] = "\n".join(_line(line) for line in lines)
    return found


def _line(line: Mapping[str, str]) -> str:
    parts: Iterable[str] = (line.get(key, "") for key in ("name", "phone", "text", "url", "hours", "checked"))
    return " · ".join(part for part in parts if part)


def rows_by(user) -> Iterable[dict]:
    """For the file of the person's own data: which versions they made."""
    rows = OrganisationVersion.objects.filter(person=user).order_by("number")
    return rows.values("number", "back_to", "created_at")


def objects_by(user) -> dict[str, list[str]]:
    keys = OrganisationVersion.objects.filter(person=user).values_list("pk", flat=True)
    return {"organisationversion": [str(key) for key in keys]}
