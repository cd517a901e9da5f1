"""What stands for people, chats and messages in an export: a pseudonym, or in a full export who they are.

Pseudonyms are a keyed hash (HMAC-SHA256 under the installation's secret key): the same in every file as long
as the key stays, and not to be turned back by whoever lacks it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings

from peersupport.people.models import User

LENGTH = 12  # of a pseudonym, in hexadecimal digits; rows have 16, as there may be millions


class Names:
    """`full`: whether names and words may be shown."""

    def __init__(self, *, full: bool) -> None:
        self.full = full
        self._keys: dict[str, bytes] = {}
        self._logins: dict[int, str] = {}
        self.chat = lru_cache(maxsize=4096)(self._chat)
        self.person = lru_cache(maxsize=4096)(self._person)

    def meet(self, keys: Iterable[int | None]) -> None:
        """Look up together whom the next rows name: one by one, a file would cost a query for each person."""
        if self.full:
            wanted = {key for key in keys if key}
            new = User.objects.only("username").in_bulk(wanted - self._logins.keys())
            known = {**self._logins, **{key: user.username for key, user in new.items()}}
            self._logins = {
                key: known.get(key, "") for key in wanted
            }  # of this block, so that it stays small

    def _digest(self, kind: str, key: Any) -> str:
        # As Django's `salted_hmac`, with the key of each kind derived once.
        if kind not in self._keys:
            salted = f"export.{kind}{settings.SECRET_KEY}".encode()
            self._keys[kind] = hashlib.sha256(salted).digest()
        return hmac.digest(self._keys[kind], str(key).encode(), "sha256").hex()

    def row(self, kind: str, key: Any) -> str:
        return str(key) if self.full else self._digest(kind, key)[:16]

    def _chat(self, key: Any) -> str:
        return str(key or "") if self.full or not key else self._digest("chat", key)[:LENGTH]

    def _person(self, key: int | None) -> str:
        """In a full export the login name; empty for an account that is gone."""
        if not key:
            return ""
        if not self.full:
            return self._digest("person", key)[:LENGTH]
        if key not in self._logins:
            self.meet([key])
        return self._logins[key]

    def thing(self, kind: str, key: str) -> str:
        """Any other object, by its kind."""
        return key if self.full or not key else self._digest(kind, key)[:LENGTH]


def pseudonym(kind: str, key: Any) -> str:
    """Twelve characters that stand for one object of this installation in every de-identified export."""
    return Names(full=False).thing(kind, str(key))
