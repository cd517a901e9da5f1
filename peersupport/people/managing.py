"""What an admin changes of a person: the role, the cohorts, whether the account is open. One audit line each.

Every function returns False where it was so before. The caller has found the person through `access`.
"""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.people import admins, erasure_list, sessions
from peersupport.people.models import Cohort, Membership, Role, User


def set_role(person: User, role: Role, *, by: User) -> bool:
    """Cohorts end with the role: they said whose chats a trainer reads, or who reads a volunteer's.

    Raises LastAdminError, and ValidationError with words for the admin."""
    with transaction.atomic():
        person = _locked(person, by)
        if person.role == role:
            return False
        admins.keep_one(person)
        person.role = role
        if person.may_export_full and role != Role.ADMIN:  # or it would come back with the role
            person.may_export_full = False
            record(by, "full_export_ended", person)
        person.save(update_fields=["role", "may_export_full"])
        record(by, f"made_{role}", person)
        _end(Membership.objects.filter(_lasting(), user=person), by)
    _sign_out(person)
    return True


def close_account(person: User, *, by: User) -> bool:
    """Nobody signs in with it any more. What it holds stays, and jobs that wait are done."""
    if person == by:
        raise ValidationError(_("Your own account is closed by another admin."))
    with transaction.atomic():
        person = _locked(person, by)
        if not person.is_active:
            return False
        admins.keep_one(person)
        person.is_active = False
        person.save(update_fields=["is_active"])
        record(by, "account_closed", person)
    _sign_out(person)
    return True


@transaction.atomic
def open_account(person: User, *, by: User) -> bool:
    person = _locked(person, by)
    if person.is_active:
        return False
    person.is_active = True
    person.save(update_fields=["is_active"])
    record(by, "account_opened", person)
    return True


@transaction.atomic
def add_to_cohort(person: User, cohort: Cohort, *, by: User) -> bool:
    person = _locked(person, by)
    if person.is_admin:
        raise ValidationError(_("An admin sees every cohort and belongs to none."))
    if _open_assignments(person, cohort).exists():
        return False
    record(by, "cohort_joined", Membership.objects.create(user=person, cohort=cohort))
    return True


@transaction.atomic
def end_in_cohort(person: User, cohort: Cohort, *, by: User) -> bool:
    """The assignment is over now; what hangs on it is gone with the next request."""
    return _end(_open_assignments(_locked(person, by), cohort), by)


def _end(assignments: QuerySet[Membership], by: User) -> bool:
    rows = list(assignments)
    for row in rows:
        row.until = timezone.now()
        row.save(update_fields=["until"])
        record(by, "cohort_ended", row)
    return bool(rows)


def _locked(person: User, by: User) -> User:
    """The person as they are now, whom nobody else changes meanwhile; admins first, so that two who change
    each other wait for one another. Refused where `by` is no admin any more, or the account is going."""
    if by.pk not in admins.lock():
        raise PermissionDenied
    person = get_object_or_404(User.objects.select_for_update(), pk=person.pk)
    if erasure_list.is_asked(person):
        raise ValidationError(_("This account is being erased."))
    return person


def _open_assignments(person: User, cohort: Cohort) -> QuerySet[Membership]:
    return Membership.objects.filter(_lasting(), user=person, cohort=cohort)


def _lasting() -> Q:
    return Q(until=None) | Q(until__gt=timezone.now())


def _sign_out(person: User) -> None:
    """Everywhere. Their sessions hold no more already, but would again with the old role or account."""
    Session.objects.filter(pk__in=[session.pk for session in sessions.of_person(person.pk)]).delete()
