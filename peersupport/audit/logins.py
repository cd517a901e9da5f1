"""Signing in, failing to, signing out and a name put to rest, as audit lines."""

from __future__ import annotations

from axes.handlers.proxy import AxesProxyHandler
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
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


@receiver(user_login_failed)
def _failed(sender, credentials, request=None, **kwargs) -> None:
    # While a name rests its tries leave no lines: they would be as many as a stranger likes.
    user = User.objects.filter(username=credentials.get("username")).first()
    if user is not None and AxesProxyHandler.is_allowed(request, credentials):
        record(None, "sign_in_failed", user)


@receiver(user_locked_out)
def _rest(sender, username, **kwargs) -> None:
    # A name that nobody has is no person's data; it leaves no line.
    user = User.objects.filter(username=username).first()
    if user is not None:
        record(None, "login_rests", user)
