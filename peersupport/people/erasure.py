"""Erasing a person and everything in their account, in two steps.

`ask` closes the account at once: nobody can sign in or see the chats, and the erasure is on the list. The
job that it starts then deletes chat by chat, so that turns of others wait for one chat at most, and ends
with `tidy`. A job that dies is taken up again by its lease; deleting what is gone is harmless.

A restored archive brings the person back, and `again` reads the list (`erasure_list`) to erase them anew. A
chat that was deleted by itself stands there as well. What lies where: docs/erasure.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from peersupport.audit.log import record
from peersupport.jobs import queue, registry
from peersupport.jobs.models import Job, Lane
from peersupport.jobs.queue import StoppedError
from peersupport.people import admins, erasure_list, sessions
from peersupport.people.erasure_list import listed
from peersupport.people.models import User
from peersupport.practice.models import Message, PracticeChat, TranscriptDraft

ERASE = "erase"
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
        elif (user := _person_of(line)) is not None:
            erase_now(user, by=None)
            found += 1
    return found


def undecided() -> list[str]:
    """Who is here of those whose erasure was begun without a trace of how it ended: "person 5", "chat …"."""
    found = []
    for line in erasure_list.unknown():
        if "chat" in line and PracticeChat.objects.filter(pk=line["chat"]).exists():
            found.append(f"chat {line['chat']}")
        elif "chat" not in line and _person_of(line) is not None:
            found.append(f"person {line['person']}")
    return found


def _person_of(line: dict[str, Any]) -> User | None:
    """Numbers can be given again after a restore; the moment of joining cannot."""
    user = User.objects.filter(pk=line["person"]).first()
    return user if user is not None and erasure_list.joined(user) == line["joined"] else None


@transaction.atomic
def _chat_again(chat_id: str) -> int:
    # An imported chat bears the number of its draft, which an archive may hold instead.
    found = TranscriptDraft.objects.filter(pk=chat_id).delete()[0]
    chat = PracticeChat.objects.filter(pk=chat_id).first()
    if chat is not None:
        record(None, erasure_list.DELETED, chat)
        erase_chat(chat.pk)
    return int(bool(found or chat))


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context) -> Callable[[], None] | Exception:
    for _ in _erase(int(job.subject)):
        if context.stopping.is_set():
            return StoppedError()
    tidy()
    return lambda: None


def _close_account(user: User, *, by: User | None) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    erasure_list.put_person(user, by=by)


def _erase(user_id: int) -> Iterator[None]:
    """Delete chat by chat, each in a short transaction of its own, then the person."""
    for chat_id in list(PracticeChat.objects.filter(volunteer=user_id).values_list("pk", flat=True)):
        with transaction.atomic():
            erase_chat(chat_id)
        yield
    for step in _steps:
        step(user_id)
    sessions.forget_person(user_id)
    with transaction.atomic():
        user = User.objects.filter(pk=user_id).first()
        if user is not None:
            for table in (AccessAttempt, AccessFailureLog, AccessLog):
                table.objects.filter(username=user.username).delete()
            user.delete()
    # What a sign-in that was under way when the account closed has saved since the first look. One that is
    # saved later still opens nothing, since its person is gone, and goes when it expires.
    sessions.forget_person(user_id)


def lock_chat(chat_id) -> PracticeChat | None:
    """The chat, locked after all its jobs; None where it is gone. Call inside a transaction.

    A worker that closes a job holds the job's row and then waits for the chat: whoever waited for the row
    while holding the chat would wait for ever. Nobody adds a job to a chat that somebody else has locked.
    """
    while True:
        with transaction.atomic():
            held = set(_jobs_of(chat_id).select_for_update().order_by("pk").values_list("pk", flat=True))
            chat = PracticeChat.objects.select_for_update().filter(pk=chat_id).first()
            if chat is None or held.issuperset(_jobs_of(chat_id).values_list("pk", flat=True)):
                return chat
            transaction.set_rollback(True)  # one came in between: let go, and begin with it


def _jobs_of(chat_id) -> QuerySet[Job]:
    messages = Message.objects.filter(chat=chat_id).values_list("pk", flat=True)
    named = Q(kind__in=registry.names(), subject__in=[str(chat_id), *map(str, messages)])
    return Job.objects.filter(named | Q(ordering_key=PracticeChat(pk=chat_id).ordering_key))


def erase_chat(chat_id) -> bool:
    """The chat with all that hangs on it, and its jobs; a worker that holds one of them writes nothing.
    Call inside a transaction. False where it was gone. It is not put on the list here: only a chat that goes
    by itself has to be (`erasure_list.put_chat`); another's owner is on it, or it will be due again."""
    chat = lock_chat(chat_id)
    if chat is None:
        return False
    for step in _chat_steps:
        step(chat.pk, chat.volunteer_id)
    _jobs_of(chat.pk).delete()
    chat.delete()
    return True


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
