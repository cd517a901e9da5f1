"""Whether a session that was good when something long began is still good; and deleting rows of sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import DatabaseError, close_old_connections, connection
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django_otp import DEVICE_ID_SESSION_KEY

from peersupport.people import second_factor
from peersupport.people.models import Role, User

BATCH = 1000  # expired rows in one short transaction


def of_person(user_id: int) -> Iterator[Session]:
    """Where the person is signed in. Reads every session: the number stands inside the signed data alone."""
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user_id):
            yield session


def forget_person(user_id: int) -> None:
    """Sign the person out everywhere. Call outside a transaction: while it reads, others write."""
    Session.objects.filter(pk__in=[session.pk for session in of_person(user_id)]).delete()


def forget_expired() -> None:
    """A chore of the sweeper: nobody comes back to them, and an erasure would read them all."""
    expired = Session.objects.filter(expire_date__lt=Now())
    while keys := list(expired.values_list("pk", flat=True)[:BATCH]):
        expired.filter(pk__in=keys).delete()


def session_holds(request: HttpRequest) -> bool:
    """Whether a new request with the same cookie would be let in as the same person now.

    False after signing out (anywhere with this session), a flushed or expired session, another
    password, role or active flag, or a second factor that is owed since. Three short reads, no writes;
    synchronous: streams call it through `sync_to_async`.
    """
    key = request.session.session_key
    user = _user_of(type(request.session)(key).load()) if key else None
    return user is not None and user.pk == request.user.pk


def give_back() -> None:
    """Leave the connection to others while somebody reads, slowly perhaps, what was sent. A transaction keeps
    its own."""
    if not connection.in_atomic_block:
        close_old_connections()


async def by_admin(headers: dict[bytes, bytes]) -> bool:
    """Whether the headers of a request that Django has not seen yet hold the cookie of a signed-in admin."""
    cookies = SimpleCookie()
    with suppress(CookieError):
        cookies.load(headers.get(b"cookie", b"").decode("latin-1"))
    kept = cookies.get(settings.SESSION_COOKIE_NAME)
    return kept is not None and await sync_to_async(_admin_has)(kept.value)


def _admin_has(key: str) -> bool:
    try:
        user = _user_of(import_module(settings.SESSION_ENGINE).SessionStore(key).load())
        return user is not None and user.role == Role.ADMIN
    except DatabaseError:  # while it is away nobody sends files
        return False
    finally:
        close_old_connections()


def _user_of(kept: dict) -> User | None:
    """Who the content of a session lets in now."""
    number = str(kept.get(SESSION_KEY, ""))
    user = User.objects.filter(pk=number, is_active=True).first() if number.isdigit() else None
    if user is None or not _fits(kept.get(HASH_SESSION_KEY, ""), user):
        return None
    owed = second_factor.state(user, kept.get(DEVICE_ID_SESSION_KEY), second_factor.device_of(user))
    return user if owed is second_factor.State.OPEN else None


def _fits(kept: str, user: User) -> bool:
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(kept, value) for value in hashes)
