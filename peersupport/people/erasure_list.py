"""The list of who was erased and which single chats were deleted, for whoever restores an older archive.

It lies in a file beside the database and holds numbers and times only. A line must be there before the
database says that the thing is done, and must not count where the database takes it back. So each is written
twice: as begun, inside the transaction, and as it counts, once that is committed. Where a process died in
between, the audit line of the same transaction says whether it was: `settle` then writes the second line.
"""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from peersupport import durable
from peersupport.audit.log import record
from peersupport.audit.models import AuditEvent
from peersupport.jobs import mishaps
from peersupport.people.models import User
from peersupport.practice.models import PracticeChat

LIST = "erasures.jsonl"
BEGUN = "begun"
ERASED, DELETED = "erase", "delete"  # verbs of the audit lines
UNDER_WAY = timedelta(days=1)  # no transaction takes so long

logger = logging.getLogger(__name__)

_settled: tuple[Any, ...] | None = None  # the list as it was when this process last found nothing to write


def path() -> Path:
    return settings.DATA_DIR / LIST


def joined(user: User) -> str:
    return user.date_joined.astimezone(UTC).isoformat()


def put_person(user: User, *, by: User | None) -> None:
    """The audit line and the place on the list, both in the caller's transaction. Raises OSError where the
    list cannot be written."""
    record(by, ERASED, user)
    _put({"person": user.pk, "joined": joined(user)})


def put_chat(chat: PracticeChat, *, by: User | None) -> None:
    """As `put_person`, for a chat that is deleted by itself."""
    record(by, DELETED, chat)
    # Versions that know people only read the first two and find nobody.
    _put({"person": None, "joined": None, "chat": str(chat.pk)})


def lines() -> int:
    """How many lines there are, begun ones too: whoever counts twice notices whatever came in between."""
    return sum(1 for _ in _read())


def lines_of_people() -> int:
    """As `lines`, without single chats."""
    return sum("chat" not in line.get(BEGUN, line) for line in _read())


def listed() -> list[dict[str, Any]]:
    """What counts, each once, oldest first."""
    return list(_counting(_read()))


def is_asked(user: User) -> bool:
    """Whether the person is on the list, and so will be gone."""
    theirs = _read(containing=joined(user))
    return any(line["person"] == user.pk for line in _counting(theirs))


def unknown() -> list[dict[str, Any]]:
    """Lines that were begun, and of which nothing shows how they ended: taken back, under way, or done in a
    database that is not here any more."""
    found = list(_read())
    counting = {_key(line) for line in _counting(found)}
    begun = {_key(line[BEGUN]): line[BEGUN] for line in found if BEGUN in line}
    return [line for key, line in begun.items() if key not in counting]


def settle() -> None:
    """Write the second line where a process died before it could; a chore of the sweeper. A list that has not
    changed since a run that left nothing to write is not read again."""
    global _settled
    stamp = _stamp()
    if stamp == _settled:
        return
    found = list(_read())
    written = {_key(line) for line in found if BEGUN not in line}
    left = [line for line in _counting(found) if _key(line) not in written]
    for line in left:
        _write(line)
    open_ones = (line for line in found if BEGUN in line and _key(line[BEGUN]) not in written)
    _settled = None if left or any(map(_may_be_under_way, open_ones)) else stamp


def _stamp() -> tuple[Any, ...]:
    """Changes with every line that is added, and with another list in its place."""
    try:
        told = path().stat()
    except FileNotFoundError:
        return (str(path()),)
    return str(path()), told.st_ino, told.st_size, told.st_mtime_ns


def _may_be_under_way(line: dict[str, Any]) -> bool:
    """Its transaction may still be committed, which does not change the list where the process then dies."""
    return datetime.fromisoformat(line["at"]) > timezone.now() - UNDER_WAY


def _put(what: dict[str, Any]) -> None:
    what = {"at": timezone.now().isoformat(), **what}
    _write({"at": what["at"], "person": None, "joined": None, BEGUN: what})
    transaction.on_commit(partial(_count, what))


def _count(what: dict[str, Any]) -> None:
    with mishaps.contained("the list of erasures"):  # it is done, and `settle` tries again
        durable.flush_database()  # or the list could know of what a power cut took back
        _write(what)


def _write(line: dict[str, Any]) -> None:
    """Add a line, and wait until the disk has it."""
    data = json.dumps(line).encode() + b"\n"
    handle = os.open(path(), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":  # the disk was full
            data = b"\n" + data
        if os.write(handle, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(containing: str = "") -> Iterator[dict[str, Any]]:
    """Line by line; one that was cut short is of a transaction that cannot have been committed."""
    try:
        file = path().open(encoding="utf-8")
    except FileNotFoundError:
        return
    with file:
        for number, text in enumerate(file, start=1):
            if not text.strip() or containing not in text:
                continue
            try:
                yield json.loads(text)
            except ValueError:
                logger.error("line %s of %s cannot be read", number, LIST)


def _key(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["person"], line["joined"], line.get("chat")


def _counting(found: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each once: those written as they count, and those begun of which an audit line says so."""
    found = list(found)
    written = {_key(line) for line in found if BEGUN not in line}
    seen = set()
    for line in found:
        line = line.get(BEGUN, line)
        key = _key(line)
        if key not in seen and (key in written or _is_committed(line)):
            seen.add(key)
            yield line


def _is_committed(line: dict[str, Any]) -> bool:
    if "chat" in line:
        model, one, verb = PracticeChat, line["chat"], DELETED
    else:
        model, one, verb = User, line["person"], ERASED
    rows = AuditEvent.objects.filter(object_kind=model._meta.model_name, object_id=str(one))
    return rows.filter(verb=verb).exists()
