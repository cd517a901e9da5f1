"""Inviting many people at once from a table, and the links with which they choose a password.

Nothing is kept between looking a table over and inviting: the form brings it again and it is read again, so
that what is invited is what was seen, or is refused.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.people.models import Cohort, Membership, Role, User

COLUMNS = ("name", "full name", "email", "role", "cohort")
MOST = 500
LENGTHS = {"name": 150, "first_name": 150, "last_name": 150, "email": 254, "cohort": 120}


@dataclass
class Invitee:
    """One line of the table; `errors` say in words what to mend."""

    line: int
    username: str
    full_name: str
    email: str
    role: str
    cohort: str
    errors: list[str] = field(default_factory=list)

    @property
    def role_name(self) -> str:
        return Role(self.role).label if self.role in Role.values else self.role


@dataclass(frozen=True)
class Preview:
    """`problem`: why the whole cannot be read. `new_cohorts` would be made with the invitation."""

    rows: list[Invitee]
    new_cohorts: list[str]
    problem: str = ""

    @property
    def faulty(self) -> int:
        return sum(bool(row.errors) for row in self.rows)

    @property
    def may(self) -> bool:
        return bool(self.rows) and not self.problem and not self.faulty


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").lstrip("\ufeff").strip()


def digest_of(text: str) -> str:
    """Of a table as it is read: the same from a file and from the form that it was put into."""
    return hashlib.sha256(_clean(text).encode("utf-8", "replace")).hexdigest()


def read(text: str) -> Preview:
    """3 queries."""
    text = _clean(text)
    first = text.partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    try:
        lines = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        table = [row for row in lines if any(row)]
    except csv.Error:
        return Preview([], [], _("This is no table that can be read: a quotation mark is not closed."))
    if not table:
        return Preview([], [], _("There is nothing in it."))
    header = [" ".join(cell.split()).lower() for cell in table[0]]
    if missing := [name for name in ("name", "role") if name not in header]:
        words = _("The first line has to name the columns. Missing: %(names)s.")
        return Preview([], [], words % {"names": ", ".join(missing)})
    if len(table) > MOST + 1:
        return Preview([], [], _("At most %(n)d people at once.") % {"n": MOST})
    rows = [_row(number, header, cells) for number, cells in enumerate(table[1:], start=2)]
    _check_names(rows)
    known = set(Cohort.objects.values_list("name", flat=True))
    new = list(dict.fromkeys(row.cohort for row in rows if row.cohort and row.cohort not in known))
    return Preview(rows, new)


def _row(number: int, header: Sequence[str], cells: Sequence[str]) -> Invitee:
    found = {name: " ".join(cell.split()) for name, cell in zip(header, cells, strict=False)}
    row = Invitee(number, *(found.get(name, "") for name in COLUMNS))
    row.role = row.role.lower()
    if len(cells) > len(header):
        row.errors.append(_("more cells than columns"))
    if not row.username:
        row.errors.append(_("no name to sign in with"))
    else:
        try:
            UnicodeUsernameValidator()(row.username)
        except ValidationError:
            row.errors.append(_("a name to sign in with has letters, digits and @ . + - _ only"))
    if row.role not in Role.values:
        row.errors.append(_("the role is none of volunteer, trainer, admin"))
    elif row.role != Role.ADMIN and not row.cohort:
        row.errors.append(_("a volunteer and a trainer need a cohort"))
    if row.email:
        try:
            validate_email(row.email)
        except ValidationError:
            row.errors.append(_("this is no e-mail address"))
    given, _space, family = row.full_name.partition(" ")
    values = {"name": row.username, "first_name": given, "last_name": family}
    values |= {"email": row.email, "cohort": row.cohort}
    if any(len(value) > LENGTHS[name] for name, value in values.items()):
        row.errors.append(_("a cell is too long"))
    return row


def _check_names(rows: Sequence[Invitee]) -> None:
    taken = {name.lower() for name in User.objects.values_list("username", flat=True)}
    seen: dict[str, int] = {}
    for row in rows:
        name = row.username.lower()
        if name in taken:
            row.errors.append(_("somebody has this name already"))
        elif name in seen:
            row.errors.append(_("the same name as in line %(n)d") % {"n": seen[name]})
        seen.setdefault(name, row.line)


@transaction.atomic
def invite(preview: Preview, *, by: User | None) -> list[User]:
    """Make the accounts, without a password, with their cohorts. Raises ValidationError where a name was
    taken meanwhile; nobody is invited then."""
    if not preview.may:
        raise ValidationError(_("Mend the lines with errors first."))
    made = []
    wanted = {row.cohort for row in preview.rows if row.cohort}
    cohorts = {name: _cohort(name, by) for name in sorted(wanted)}
    for row in preview.rows:
        given, _space, family = row.full_name.partition(" ")
        user = User(username=row.username, first_name=given, last_name=family, email=row.email, role=row.role)
        user.set_unusable_password()
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError:
            words = _("Somebody took the name in line %(n)d meanwhile. Nobody was invited.")
            raise ValidationError(words % {"n": row.line}) from None
        record(by, "invite", user)
        if row.cohort and row.role != Role.ADMIN:
            joined = Membership.objects.create(user=user, cohort=cohorts[row.cohort])
            record(by, "cohort_joined", joined)
        made.append(user)
    return made


def _cohort(name: str, by: User | None) -> Cohort:
    found, is_new = Cohort.objects.get_or_create(name=name)
    if is_new:
        record(by, "cohort_made", found)
    return found


@transaction.atomic
def first_admin(name: str) -> User:
    """The account of the first admin, without a password; made before and without one still, it is given
    again. Raises ValidationError with words for the operator. Demo people do not count."""
    admins = list(User.objects.filter(role=Role.ADMIN, is_active=True, is_demo=False))
    if [user.username for user in admins] == [name] and not admins[0].has_usable_password():
        record(None, "password_link", admins[0])
        return admins[0]
    if admins:
        words = _("There is an admin already (%(name)s), who can invite others on the page People.")
        if not any(user.has_usable_password() for user in admins):
            words = _(
                "%(name)s was made before and has no password yet: first_admin %(name)s prints a new link."
            )
        raise ValidationError(words % {"name": admins[0].username})
    found = read(f"name,role\n{name},{Role.ADMIN}\n")
    if found.problem or [row.username for row in found.rows] != [name]:
        raise ValidationError(found.problem or _("That is no name to sign in with."))
    if found.faulty:
        raise ValidationError("; ".join(found.rows[0].errors))
    return invite(found, by=None)[0]


def link_for(user: User) -> str:
    """The path of the page where the person chooses a password: once, and within INVITE_DAYS."""
    key = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("people:welcome", args=[key, default_token_generator.make_token(user)])
