"""Whether a session that was good when something long began is still good."""

from __future__ import annotations

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django_otp import DEVICE_ID_SESSION_KEY

from peersupport.people import second_factor
from peersupport.people.models import User


def session_holds(request: HttpRequest) -> bool:
    """Whether a new request with the same cookie would be let in as the same person now.

    False after signing out (anywhere with this session), a flushed or expired session, another
    password, role or active flag, or a second factor that is owed since. Three short reads, no writes;
    synchronous: streams call it through `sync_to_async`.
    """
    key = request.session.session_key
    if key is None:
        return False
    kept = type(request.session)(key).load()
    if str(kept.get(SESSION_KEY, "")) != str(request.user.pk):
        return False
    user = User.objects.filter(pk=request.user.pk, is_active=True).first()
    if user is None or not _fits(kept.get(HASH_SESSION_KEY, ""), user):
        return False
    owed = second_factor.state(user, kept.get(DEVICE_ID_SESSION_KEY), second_factor.device_of(user))
    return owed is second_factor.State.OPEN


def _fits(kept: str, user: User) -> bool:
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(kept, value) for value in hashes)
