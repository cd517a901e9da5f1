"""A person's own password: signing in with it, proving that one knows it, and changing it."""

from __future__ import annotations

from threading import Lock

from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from peersupport.audit.log import record

LONGEST = 1024  # hashing what nobody typed is work for nothing
_locks = [Lock() for _ in range(64)]


def one_at_a_time(name: str) -> Lock:
    """Tries of one name wait for each other, in this process: each is counted after its password was hashed,
    and of many at once all would be let in before the first one counts."""
    return _locks[hash(name) % len(_locks)]


class SignIn(AuthenticationForm):
    def clean(self) -> dict:
        with one_at_a_time(self.cleaned_data.get("username") or ""):
            return super().clean()


def prove(request: HttpRequest, password: str) -> bool:
    """Whether it is the password of who is signed in. Wrong ones count towards the rest of the name, as at
    the sign-in page."""
    name = request.user.get_username()
    with one_at_a_time(name):
        user = authenticate(request, username=name, password=password[:LONGEST])
    if user is None or user.pk != request.user.pk:
        return False
    request.user.password = user.password  # checking may have strengthened its hash
    update_session_auth_hash(request, user)
    return True


class ChangePassword(PasswordChangeForm):
    """Django's own, with the current password asked for as everywhere here."""

    def __init__(self, request: HttpRequest, data=None) -> None:
        super().__init__(request.user, data)
        self.request = request
        for name in ("new_password1", "new_password2"):
            self.fields[name].validators.append(MaxLengthValidator(LONGEST))

    def clean_old_password(self) -> str:
        old = self.cleaned_data["old_password"]
        if not prove(self.request, old):
            raise ValidationError(_("That is not your password."))
        return old

    @transaction.atomic
    def save(self, commit: bool = True):
        """Every other session of the person ends with the old password; this one goes on."""
        user = super().save(commit=False)
        user.save(update_fields=["password"])
        record(user, "password_changed", user)
        update_session_auth_hash(self.request, user)
        return user
