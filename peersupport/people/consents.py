"""What a person agreed to beyond practising itself. Nothing is agreed to by default, and no is one click.

Keeping chats so that their owner can practise with them needs no yes: without it there is no practice, and
it ends when the account is erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from peersupport.audit.log import record
from peersupport.organisation.current import current
from peersupport.organisation.models import OrganisationVersion
from peersupport.organisation.values import Values
from peersupport.people.models import Consent, User

# Change a text, change the version: a yes to other words is no yes to these. An organisation's own words
# have a version made of them, so that a yes counts again when they come back.
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
    """One purpose as the page of own data shows it. `earlier_at`, `earlier_text`: a yes that still stands,
    but to other words (the text is empty where it is not kept)."""

    purpose: str
    name: Any
    text: Any
    version: str
    given_at: Any | None
    earlier_at: Any | None = None
    earlier_text: Any = ""


def version_of(text: str) -> str:
    """Of an organisation's own words; VERSION where there are none."""
    return f"own-{sha256(text.encode()).hexdigest()[:12]}" if text else VERSION


def text_of(purpose: str, values: Values) -> Any:
    """The words that hold."""
    return values.consent_text(purpose) or TEXTS[purpose]


def versions(values: Values) -> dict[str, str]:
    """{purpose: the version of the words that hold}."""
    return {purpose.value: version_of(values.consent_text(purpose)) for purpose in Consent.Purpose}


def consenting(purpose: str) -> QuerySet[User]:
    """Who agrees to this use now, in the words that hold. 1 query for those, beside what is made of it."""
    version = version_of(current().consent_text(purpose))
    held = Consent.objects.filter(purpose=purpose, version=version, withdrawn_at=None)
    return User.objects.filter(pk__in=held.values("person"))


def choices(user: User, values: Values | None = None) -> list[Choice]:
    """Every purpose with when the person agreed to it, if they do. 1 query, and 1 more to find words that
    hold no more."""
    values = values or current(user)
    rows = Consent.objects.filter(person=user, withdrawn_at=None)
    given = {row.purpose: (row.version, row.given_at) for row in rows}
    found = []
    for purpose in Consent.Purpose:
        here = version_of(values.consent_text(purpose))
        version, at = given.get(purpose.value, ("", None))
        words = (purpose.value, purpose.label, text_of(purpose, values), here)
        if version in ("", here):
            found.append(Choice(*words, given_at=at))
        else:
            found.append(Choice(*words, None, earlier_at=at, earlier_text=words_of(purpose, version)))
    return found


def words_of(purpose: str, version: str) -> Any:
    """The words that a yes of this version was given to; empty where they are not kept."""
    if version == VERSION:
        return TEXTS[purpose]
    for body in OrganisationVersion.objects.values_list("body", flat=True):
        text = Values(body).consent_text(purpose)
        if text and version_of(text) == version:
            return text
    return ""


def is_asked_again(user: User) -> bool:
    """Whether the person agreed to words that hold no more, and has not chosen since. No query where the
    words were never changed here, else 1."""
    values = current(user)
    if not values.decided:
        return False
    held = Consent.objects.filter(person=user, withdrawn_at=None).values_list("purpose", "version")
    here = versions(values)
    return any(here.get(purpose) != version for purpose, version in held)


class WordsChangedError(Exception):
    """The person saw other words than those that hold now."""


@transaction.atomic
def choose(user: User, *, agreed: Iterable[str], seen: Mapping[str, str] | None = None) -> int:
    """Make the agreed purposes those given. Returns how many changed; each change leaves an audit line.

    `seen`: the versions of the words on the person's page; raises WordsChangedError where a yes would be
    to other ones.
    """
    User.objects.select_for_update().get(pk=user.pk)
    wanted, changed = set(agreed), 0
    now = choices(user, current())
    yes = [one for one in now if one.purpose in wanted]
    if seen is not None and any(seen.get(one.purpose) != one.version for one in yes):
        raise WordsChangedError
    for choice in now:
        if choice.earlier_at is None and (choice.given_at is not None) == (choice.purpose in wanted):
            continue
        changed += 1
        held = Consent.objects.filter(person=user, purpose=choice.purpose, withdrawn_at=None)
        for row in held:  # also one to the words of an earlier version
            row.withdrawn_at = timezone.now()
            row.save(update_fields=["withdrawn_at"])
            record(user, "consent_withdrawn", row)
        if choice.purpose in wanted:
            row = Consent.objects.create(person=user, purpose=choice.purpose, version=choice.version)
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
    """For the file of the person's own data, with the words that were agreed to."""
    found = Consent.objects.filter(person=user).order_by("id")
    for row in found.values("id", "purpose", "version", "given_at", "withdrawn_at"):
        yield row | {"words": str(words_of(row["purpose"], row["version"]))}
