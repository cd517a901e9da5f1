"""What a person agreed to beyond practising itself. Nothing is agreed to by default, and no is one click.

Keeping chats so that their owner can practise with them needs no yes: without it there is no practice, and
it ends when the account is erased.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from peersupport.audit.log import record
from peersupport.people.models import Consent, User

# Change a text, change the version: a yes to other words is no yes to these.
VERSION = "1"
TEXTS = {
    Consent.Purpose.TAGGER: _(
        "My messages whose tags a trainer corrected may be used to improve the program that sets tags, "
        "inside this organisation. The text of those messages is used for it."
    ),
    Consent.Purpose.RESEARCH: _(
        "The tags of my messages may be part of files for research and evaluation. In them a code stands "
        "for me, and the text of messages is left out."
    ),
}


@dataclass(frozen=True)
class Choice:
    """One purpose as the page of own data shows it."""

    purpose: str
    name: Any
    text: Any
    given_at: Any | None


def consenting(purpose: str) -> QuerySet[User]:
    """Who agrees to this use now, in the words of this version."""
    held = Consent.objects.filter(purpose=purpose, version=VERSION, withdrawn_at=None)
    return User.objects.filter(pk__in=held.values("person"))


def choices(user: User) -> list[Choice]:
    """Every purpose with when the person agreed to it, if they do. 1 query."""
    rows = Consent.objects.filter(person=user, version=VERSION, withdrawn_at=None)
    given = dict(rows.values_list("purpose", "given_at"))
    return [
        Choice(purpose.value, purpose.label, TEXTS[purpose], given.get(purpose.value))
        for purpose in Consent.Purpose
    ]


@transaction.atomic
def choose(user: User, *, agreed: Iterable[str]) -> int:
    """Make the agreed purposes those given. Returns how many changed; each change leaves an audit line."""
    User.objects.select_for_update().get(pk=user.pk)
    wanted, changed = set(agreed), 0
    for choice in choices(user):
        if (choice.given_at is not None) == (choice.purpose in wanted):
            continue
        changed += 1
        held = Consent.objects.filter(person=user, purpose=choice.purpose, withdrawn_at=None)
        for row in held:  # also one to the words of an earlier version
            row.withdrawn_at = timezone.now()
            row.save(update_fields=["withdrawn_at"])
            record(user, "consent_withdrawn", row)
        if choice.purpose in wanted:
            row = Consent.objects.create(person=user, purpose=choice.purpose, version=VERSION)
            record(user, "consent_given", row)
    return changed


@transaction.atomic
def share_new_chats(user: User, *, share: bool) -> bool:
    """Whether trainers may read chats that the person begins from now on. False when it was so before."""
    changed = User.objects.filter(pk=user.pk).exclude(shares_new_chats=share).update(shares_new_chats=share)
    if changed:
        record(user, "sharing_on" if share else "sharing_off", user)
    return bool(changed)


def rows(user: User) -> Iterable[dict]:
    """For the file of the person's own data."""
    found = Consent.objects.filter(person=user).order_by("id")
    return found.values("id", "purpose", "version", "given_at", "withdrawn_at")
