"""What an admin changes of a cohort: its name; one that nothing hangs on is deleted. One audit line each."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.people import admins
from peersupport.people.models import Cohort, User

MOST_CHARACTERS = 120


def is_empty(cohort: Cohort) -> bool:
    """Nobody is or was in it, and nothing belongs to it."""
    held = ((relation.related_model, relation.field.name) for relation in Cohort._meta.related_objects)
    return not any(model.objects.filter(**{name: cohort}).exists() for model, name in held)


@transaction.atomic
def rename(cohort: Cohort, name: str, *, by: User) -> bool:
    """False where it was named so before. Raises ValidationError with words for the admin."""
    cohort = _locked(cohort, by)
    name = " ".join(name.replace("\0", "").split()).encode("utf-8", "replace").decode()
    if not name:
        raise ValidationError(_("Give it a name."))
    if len(name) > MOST_CHARACTERS:
        raise ValidationError(_("Please keep this under %(n)d characters.") % {"n": MOST_CHARACTERS})
    if name == cohort.name:
        return False
    try:
        with transaction.atomic():
            cohort.name = name
            cohort.save(update_fields=["name"])
    except IntegrityError:
        raise ValidationError(_("Another cohort has this name.")) from None
    record(by, "cohort_renamed", cohort)
    return True


@transaction.atomic
def delete(cohort: Cohort, *, by: User) -> None:
    """Raises ValidationError where it is not empty: who was where from when to when is kept."""
    cohort = _locked(cohort, by)
    if not is_empty(cohort):
        words = _("It stays: somebody is or was in it, or something belongs to it. It can be renamed.")
        raise ValidationError(words)
    record(by, "cohort_deleted", cohort)
    cohort.delete()


def _locked(cohort: Cohort, by: User) -> Cohort:
    """Nobody joins it meanwhile. Refused where `by` is no admin any more."""
    if by.pk not in admins.lock():
        raise PermissionDenied
    return get_object_or_404(Cohort.objects.select_for_update(), pk=cohort.pk)
