"""How much disk 1,000 chats take, and how big and slow a backup of 10,000 messages is, on both databases.

python -m bench.growth [CHATS]

A few chats go through the real pipeline, tags, states, events, report and jobs included; then their rows are
written again under new ids until there are CHATS (1,000) of them, so that tables and indexes have real sizes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from bench.app import ROOT, App
from bench.lines import LINES
from bench.servers import Postgres, missing_programs

REAL_CHATS, OWN_MESSAGES = 5, 12
TABLES = 8  # the largest are named
MIB = 1024 * 1024


def main(chats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        show("SQLite", _measured(Path(name) / "sqlite", chats), chats)
        if missing := missing_programs():
            print(f"PostgreSQL was not measured: {', '.join(missing)} not installed")
            return
        server = Postgres(Path(name) / "server").start()
        try:
            show("PostgreSQL", _measured(Path(name) / "postgresql", chats, DATABASE_URL=server.url), chats)
        finally:
            server.stop()


def show(name: str, found: dict, chats: int) -> None:
    tens = found["messages"] / 10_000
    print(f"\n{name}: {chats:,} chats with {found['messages']:,} messages, {OWN_MESSAGES} own a chat")
    print(f"  disk for 1,000 chats      {found['grown'] / chats * 1000 / MIB:8.1f} MiB")
    for what, seconds in (("backup", found["backup_seconds"]), ("restore", found["restore_seconds"])):
        print(f"  {what:7} of 10,000 messages {seconds / tens:7.1f} s")
    print(f"  archive of 10,000 messages {found['archive'] / tens / MIB:7.1f} MiB")
    for table, size in list(found["tables"].items())[:TABLES]:
        print(f"    {table:34} {size / chats * 1000 / MIB:6.1f} MiB a 1,000 chats")
    sys.stdout.flush()


def _measured(data_dir: Path, chats: int, **env: str) -> dict:
    data_dir.mkdir()
    env = App(data_dir, DJANGO_SETTINGS_MODULE="peersupport.settings", LOG_LEVEL="ERROR", **env).env

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, check=True, capture_output=True, text=True
        )
        return done.stdout

    def ask(call: str) -> dict:
        script = f"import django; django.setup(); from bench import growth; growth.{call}"
        return json.loads(run("-c", script).splitlines()[-1])

    for command in ("migrate", "sync_content", "load_demo"):
        run("manage.py", command)
    found = ask(f"fill({chats})")
    archive = data_dir / "backup.tar.gz"
    for name, arguments in (
        ("backup", ("--output", str(archive))),
        ("restore", ("--replace", "--input", str(archive))),
    ):
        began = time.monotonic()
        run("manage.py", name, *arguments)
        found[f"{name}_seconds"] = time.monotonic() - began
    return {**found, "archive": archive.stat().st_size}


def fill(chats: int) -> None:
    """Inside an installation: make the chats; prints what they took as JSON."""
    from django.db import transaction

    from peersupport.people.models import User
    from peersupport.practice.models import Message, PracticeChat

    volunteer = User.objects.get(username="paul")
    real = [_real_chat(volunteer, number) for number in range(REAL_CHATS)]
    before, messages = _size(), Message.objects.count()
    for number in range(chats):
        with transaction.atomic():
            _again(PracticeChat.objects.get(pk=real[number % REAL_CHATS]))
    tables = _tables()
    print(
        json.dumps(
            {"grown": _size() - before, "messages": Message.objects.count() - messages, "tables": tables}
        )
    )


def _real_chat(volunteer, number: int) -> uuid.UUID:
    from peersupport.jobs import running
    from peersupport.practice import chats
    from peersupport.practice.models import Scenario

    scenarios = Scenario.objects.filter(active=True)
    chat = chats.start_chat(volunteer, scenarios[number % len(scenarios)])
    for place in range(OWN_MESSAGES):
        line = LINES[(place + number) % len(LINES)]
        chats.post_message(chat, text=line, key=uuid.uuid4().hex)
        running.drain_lane("live", worker="vm:12345/live")
    chats.end_chat(chat)
    running.drain_lane("coach", worker="vm:12345/coach")
    return chat.pk


def _again(chat) -> None:
    """Write the chat and everything that hangs on it once more, under new ids."""
    from feedback.models import SessionReport
    from peersupport.jobs.models import Job
    from peersupport.practice.models import ChatEvent, Message, SeekerStateRecord
    from skills.models import SkillTag, Tagging

    old = chat.pk
    messages = {row.pk: row for row in Message.objects.filter(chat=old)}
    events = list(ChatEvent.objects.filter(chat=old))
    states = list(SeekerStateRecord.objects.filter(message__chat=old))
    taggings = list(Tagging.objects.filter(message__chat=old).prefetch_related("tags"))
    reports = list(SessionReport.objects.filter(chat=old))
    jobs = list(Job.objects.filter(subject__in=[str(pk) for pk in (old, *messages)]))

    chat.pk = uuid.uuid4()
    chat._state.adding = True
    chat.save()
    new = {pk: uuid.uuid4() for pk in messages}
    for pk, message in messages.items():
        message.pk, message.chat = new[pk], chat
        message.idempotency_key = uuid.uuid4().hex if message.is_counselor else f"reply:{uuid.uuid4()}"
    Message.objects.bulk_create(messages.values())
    for row in events:
        row.pk, row.chat, row.message_id = None, chat, new.get(row.message_id)
    ChatEvent.objects.bulk_create(events)
    tags = [(row, list(row.tags.all())) for row in taggings]
    for row in (*states, *taggings):
        row.pk, row.message_id = None, new[row.message_id]
    SeekerStateRecord.objects.bulk_create(states)
    Tagging.objects.bulk_create(taggings)
    for tagging, found in tags:
        for tag in found:
            tag.pk, tag.tagging_id = None, tagging.pk
    SkillTag.objects.bulk_create(tag for _, found in tags for tag in found)
    for row in reports:
        row.pk, row.chat = None, chat
    SessionReport.objects.bulk_create(reports)
    ids = {str(old): str(chat.pk), **{str(pk): str(value) for pk, value in new.items()}}
    for row in jobs:
        row.pk, row.subject, row.ordering_key = None, ids[row.subject], row.ordering_key and chat.ordering_key
    Job.objects.bulk_create(jobs)


def _size() -> int:
    """Bytes on disk, once everything is written and no space of deleted rows is counted."""
    from django.db import connection

    from peersupport.operations.figures import database_bytes

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            cursor.execute("VACUUM ANALYZE")
    return database_bytes()


def _tables() -> dict[str, int]:
    """{table: bytes with its indexes}, largest first."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name"
                " GROUP BY m.tbl_name ORDER BY 2 DESC"
            )
        else:
            cursor.execute(
                "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables ORDER BY 2 DESC"
            )
        return dict(cursor.fetchall())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
