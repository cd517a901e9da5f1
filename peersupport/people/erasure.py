"""Erasing a person and everything in their account, in two steps.

`ask` closes the account at once: nobody can sign in or see the chats, and the erasure is on the list. The
job that it starts then deletes chat by chat, so that turns of others wait for one chat at most, and ends
with `tidy`. A job that dies is taken up again by its lease; deleting what is gone is harmless.

The list lies in a file beside the database: a restored archive brings the person back, and `again` reads
the list to erase them anew. A chat that was deleted by itself stands there as well. It holds numbers and
times only. What lies where: docs/erasure.md.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from peersupport.audit.log import record
from peersupport.jobs import queue, registry
from peersupport.jobs.models import Job, Lane
from peersupport.jobs.queue import StoppedError
from peersupport.people import admins, sessions
from peersupport.people.models import User
from peersupport.practice.models import Message, PracticeChat, TranscriptDraft

ERASE = "erase"
LIST = "erasures.jsonl"
CHECKPOINT_SECONDS = 10  # how long the last pages may wait for readers to go on
VACUUM_MOST_BYTES = 512 * 2**20  # of an SQLite file: copying a larger one would keep writers waiting too long

_steps: list[Callable[[int], None]] = []
_chat_steps: list[Callable[[Any, int], None]] = []


class UnfinishedError(Exception):
    """The rows are gone, but a long reader keeps old pages of the database in use; try again later."""


def register() -> None:
    registry.register(
        registry.Kind(name=ERASE, lane=Lane.BATCH, run=f"{__name__}.run", seconds=3600, attempts=8)
    )


def register_step(step: Callable[[int], None]) -> None:
    """Add what an upper package must take away outside the rows, such as files: called with the person's
    number before the person goes, perhaps more than once."""
    if step not in _steps:
        _steps.append(step)


def register_chat_step(step: Callable[[Any, int], None]) -> None:
    """As `register_step`, for one chat: called with its id and its volunteer's number before it goes."""
    if step not in _chat_steps:
        _chat_steps.append(step)


def holds(user: User) -> dict[str, int]:
    """How many chats and messages would go."""
    messages = Message.objects.filter(chat__volunteer=user).count()
    return {"chats": PracticeChat.objects.filter(volunteer=user).count(), "messages_held": messages}


@transaction.atomic
def ask(user: User, *, by: User | None) -> Job:
    """Close the account now and start the job that erases it. Raises LastAdminError."""
    admins.keep_one(user)
    _close_account(user, by=by)
    return queue.enqueue(ERASE, user.pk)


def erase_now(user: User, *, by: User | None) -> None:
    """Both steps in this process, without `tidy`."""
    with transaction.atomic():
        _close_account(user, by=by)
    for _ in _erase(user.pk):
        pass


def again() -> int:
    """Erase those on the list, people and chats, whom a restored archive brought back. Returns how many."""
    found = 0
    for line in listed():
        if "chat" in line:
            found += _chat_again(line["chat"])
            continue
        user = User.objects.filter(pk=line["person"]).first()
        # Numbers can be given again after a restore; the moment of joining cannot.
        if user is not None and _joined(user) == line["joined"]:
            erase_now(user, by=None)
            found += 1
    return found


@transaction.atomic
def _chat_again(chat_id: str) -> int:
    # An imported chat bears the number of its draft, which an archive may hold instead.
    found = TranscriptDraft.objects.filter(pk=chat_id).delete()[0]
    chat = PracticeChat.objects.filter(pk=chat_id).first()
    if chat is not None:
        record(None, "delete", chat)
        Job.objects.filter(ordering_key__in=erase_chat(chat.pk)).delete()
    return int(bool(found or chat))


def listed() -> list[dict[str, Any]]:
    path = settings.DATA_DIR / LIST
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def is_asked(user: User) -> bool:
    """Whether the person is on the list, and so will be gone."""
    one = (user.pk, _joined(user))
    return any((line["person"], line["joined"]) == one for line in listed())


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context) -> Callable[[], None] | Exception:
    for _ in _erase(int(job.subject)):
        if context.stopping.is_set():
            return StoppedError()
    tidy()
    return lambda: None


def _joined(user: User) -> str:
    return user.date_joined.astimezone(UTC).isoformat()


def _close_account(user: User, *, by: User | None) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    record(by, "erase", user)
    _list({"person": user.pk, "joined": _joined(user)})


def _list(what: dict[str, Any]) -> None:
    """Write a line, unless there is one that says the same."""
    if any({**row, "at": None} == {**what, "at": None} for row in listed()):
        return
    line = {"at": timezone.now().isoformat(), **what}
    handle = os.open(settings.DATA_DIR / LIST, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _erase(user_id: int) -> Iterator[None]:
    """Delete chat by chat, each in a short transaction of its own, then the person."""
    keys = []
    for chat_id in list(PracticeChat.objects.filter(volunteer=user_id).values_list("pk", flat=True)):
        with transaction.atomic():
            keys += erase_chat(chat_id, on_list=False)  # its owner is
        yield
    for step in _steps:
        step(user_id)
    sessions.forget_person(user_id)
    with transaction.atomic():
        Job.objects.filter(ordering_key__in=keys).delete()
        user = User.objects.filter(pk=user_id).first()
        if user is not None:
            for table in (AccessAttempt, AccessFailureLog, AccessLog):
                table.objects.filter(username=user.username).delete()
            user.delete()
    # What a sign-in that was under way when the account closed has saved since the first look. One that is
    # saved later still opens nothing, since its person is gone, and goes when it expires.
    sessions.forget_person(user_id)


def erase_chat(chat_id, *, on_list: bool = True) -> list[str]:
    """The chat with all that hangs on it, and its jobs; a worker that holds one of them writes nothing.
    Call inside a transaction. Returns the ordering key that jobs of the chat may still bear.
    `on_list`: whether `again` shall erase it anew; not where something else will."""
    chat = PracticeChat.objects.select_for_update().filter(pk=chat_id).first()
    if chat is None:
        return []
    subjects = [str(pk) for pk in Message.objects.filter(chat=chat).values_list("pk", flat=True)]
    named = Q(kind__in=registry.names(), subject__in=[str(chat.pk), *subjects])
    if on_list:
        # Versions that know people only read the first two and find nobody.
        _list({"person": None, "joined": None, "chat": str(chat.pk)})
    for step in _chat_steps:
        step(chat.pk, chat.volunteer_id)
    key = chat.ordering_key  # read before the deletion takes the chat's id from it
    Job.objects.filter(named | Q(ordering_key=key, status__in=Job.OPEN)).delete()
    chat.delete()
    return [key]


def tidy() -> None:
    """Take what was deleted out of the database's files as well. Call outside a transaction.

    SQLite: what was deleted is overwritten already (`secure_delete`); the checkpoint leaves no log of old
    pages, and VACUUM gives the space back where the file is small. PostgreSQL: VACUUM frees the space; bytes
    go when it is used again. ANALYZE draws the planner's samples anew.
    Raises UnfinishedError while somebody still reads the old pages.
    """
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in apps.get_models())
            cursor.execute(f"VACUUM (ANALYZE) {tables}")
            return
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        if cursor.fetchone()[0] <= VACUUM_MOST_BYTES:
            cursor.execute("VACUUM")
        ends = time.monotonic() + CHECKPOINT_SECONDS
        while True:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if cursor.fetchone()[0] == 0:
                return
            if time.monotonic() > ends:
                raise UnfinishedError
            time.sleep(0.1)
