"""Signing in, signing out and a name put to rest, as audit lines."""

from __future__ import annotations

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver

from peersupport.audit.log import record
from peersupport.people.models import User


@receiver(user_logged_in)
def _in(sender, user, **kwargs) -> None:
    record(user, "sign_in", user)


@receiver(user_logged_out)
def _out(sender, user, **kwargs) -> None:
    if user is not None:
        record(user, "sign_out", user)


@receiver(user_locked_out)
def _rest(sender, username, **kwargs) -> None:
    # A name that nobody has is no person's data; it leaves no line.
    user = User.objects.filter(username=username).first()
    if user is not None:
        record(None, "login_rests", user)
