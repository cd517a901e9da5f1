"""Somebody has to be able to run the place: the admins who can sign in, and the last of them."""

from __future__ import annotations

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import QuerySet

from peersupport.people.models import Role, User


class LastAdminError(Exception):
    """Without this person nobody could run the place; nothing was changed."""


def able() -> QuerySet[User]:
    """Admins whose account is open and who have chosen a password: an invitation alone runs nothing."""
    found = User.objects.filter(role=Role.ADMIN, is_active=True)
    return found.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)


def is_last(user: User) -> bool:
    return user.is_admin and not able().exclude(pk=user.pk).exists()


def lock() -> set[int]:
    """The numbers of those who are able, none of whom changes until the transaction ends."""
    return set(able().select_for_update().order_by("pk").values_list("pk", flat=True))


def keep_one(user: User) -> None:
    """Raises LastAdminError. Call before somebody stops being an admin, in the transaction that does it."""
    if user.is_admin and not lock() - {user.pk}:
        raise LastAdminError
