"""Words that occur once in the world are said in chats; after the person is erased nothing holds them.

The person's sign-in name is such a word as well. Searched while the application runs on: every file of
DATA_DIR (database, -wal, -shm), every table by SQL, all printed lines, all keys of Redis; PostgreSQL's own
files after VACUUM FULL and a checkpoint. That the search finds words is measured before the erasure.
"""

from __future__ import annotations

import json
import threading
import time
import uuid

import psycopg

from bench.app import PASSWORD, Volunteer
from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure
from bench.promises.watched import (
    PREFIX,
    Visitor,
    WatchedApp,
    basis_in,
    canaries_in,
    canaries_in_files,
    canaries_in_redis,
    canaries_in_tables,
    canary,
    count_of,
    make_people,
    wait_until,
)

NUMBER = 19
TITLE = "Erasure is complete"
RUNNERS = BOTH
SMALL, FULL = 12, 500  # messages with a word of their own; two chats for five of them

NAME = f"{PREFIX}person"
BESIDE = """
from peersupport.people.models import User
User.objects.bulk_create(User(username=f"beside{number}", password="!") for number in range(300))
"""
PENDING = "SELECT count(*) FROM peersupport_message WHERE turn = 'pending'"
UNREPORTED = "SELECT count(*) FROM feedback_sessionreport WHERE status = 'pending'"
CHATS = "SELECT count(*) FROM peersupport_practicechat"
ERASING = "SELECT count(*) FROM peersupport_job WHERE kind = 'erase' AND status IN ('queued', 'running')"
LIVE_LIMIT = 2.0  # seconds another volunteer may wait for tags meanwhile


def chats_of(count: int) -> int:
    return max(2, count * 2 // 5)


def measure(place: Place, count: int) -> list[Figure]:
    app = WatchedApp(place)
    app.start()
    make_people(place, **{NAME: "volunteer", "other": "volunteer", "trainer": "trainer"})
    if place.postgres:
        # Compressed values would hide their words from the search; here they are stored as they are.
        _sql(place, "ALTER TABLE feedback_sessionreport ALTER COLUMN body SET STORAGE EXTERNAL")
    words = _practise(place, app, count)
    person = Volunteer(app, NAME)
    exported = canaries_in(json.dumps(json.loads(person.get("/your-data/download/"))).encode())
    archive = place.folder / "backup.tar.gz"
    if count > SMALL:
        place.manage("backup", "--output", str(archive))
    sampled = _sampled(place)
    before = count_of(_found(place, app))
    other = _Other(app)
    [(chats,)] = place.rows(CHATS)
    began = time.monotonic()
    person.post("/your-data/erase/", password=PASSWORD)
    closed = time.monotonic() - began
    wait_until(place, ERASING)
    erased = time.monotonic() - began
    waits = other.stop()
    residual = _found(place, app)
    [(left,)] = place.rows(CHATS)
    figures = [
        Figure("words in the person's export", len(exported & words), "", len(words), at_least=True),
        Figure("words the search finds before", before, "", len(words), at_least=True),
        Figure("erased chats", chats - left, "", chats_of(count), at_least=True),
        Figure("until the account is closed", closed, "s", 2),
        Figure("until everything is erased", erased, "s"),
        Figure("longest wait for tags of somebody else meanwhile", max(waits), "s", LIVE_LIMIT),
        Figure("words left in tables, DATA_DIR, printed lines and Redis", count_of(residual), "", 0),
        *sampled,
        *_raw_postgres(place),
    ]
    app.stop()
    if count > SMALL:
        figures += _restored(place, app, archive, len(words))
    return figures


def _practise(place: Place, app: WatchedApp, count: int) -> set[str]:
    """Chats with `count` words in all, each finished with a report; a correction; a wrong password."""
    person = Volunteer(app, NAME)
    words = [canary(number) for number in range(count)]
    chats = chats_of(count)
    for number in range(chats):
        path = person.start_chat()
        for word in words[number::chats]:
            person.say(path, f"It sounds like the {word} weighs on you. What would help?")
        wait_until(place, PENDING)
        person.post(f"{path}end/")
    wait_until(place, UNREPORTED)
    [(message,)] = place.rows(f"SELECT id FROM peersupport_message WHERE text LIKE '%{canary(0)}%' LIMIT 1")
    note = canary(count)
    trainer = Volunteer(app, "trainer")
    address = f"/messages/{uuid.UUID(str(message))}/corrections/"
    basis = basis_in(trainer.get(address))
    trainer.post(address, codes="affirm", note=f"I hear {note}.", basis=basis)
    Visitor(app, NAME, password="wrong")
    return {*words, note, NAME}


def _found(place: Place, app: WatchedApp) -> dict[str, set[str]]:
    return {
        **canaries_in_files([place.data_dir, app.log]),
        **canaries_in_tables(place),
        "redis": canaries_in_redis(place),
    }


def _sampled(place: Place) -> list[Figure]:
    """PostgreSQL's planner draws samples among many people, so large that nobody's name could escape it."""
    if place.postgres is None:
        return []
    place.ask(BESIDE)
    _sql(place, "SET default_statistics_target = 1000; ANALYZE")
    found = canaries_in_tables(place).get("pg_statistic", set())
    return [Figure("words in PostgreSQL's planner samples before", len(found), "", 0)]


class _Other:
    """Another volunteer, who goes on practising meanwhile."""

    def __init__(self, app: WatchedApp) -> None:
        self.volunteer = Volunteer(app, "other")
        self.path = self.volunteer.start_chat()
        self.waits: list[float] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.over.is_set() or not self.waits:
            began = time.monotonic()
            self.volunteer.say(self.path, "What would a lighter day look like for you?")
            while 'data-turn="pending"' in self.volunteer.get(f"{self.path}events/?after=0"):
                time.sleep(0.02)
            self.waits.append(time.monotonic() - began)
            time.sleep(0.1)

    def stop(self) -> list[float]:
        self.over.set()
        self.thread.join(60)
        return self.waits


def _sql(place: Place, statement: str) -> None:
    with psycopg.connect(place.postgres.url, autocommit=True) as connection:
        connection.execute(statement)


def _raw_postgres(place: Place) -> list[Figure]:
    """The server's own files: before VACUUM FULL for the record, after it as promised."""
    if place.postgres is None:
        return []
    files = place.postgres.folder
    _sql(place, "CHECKPOINT")
    early = count_of(canaries_in_files([files], but="pg_wal"))
    _sql(place, "VACUUM FULL")
    _sql(place, "CHECKPOINT")
    after = count_of(canaries_in_files([files], but="pg_wal"))
    log = count_of(canaries_in_files([files / "data" / "pg_wal"]))
    return [
        Figure("words left in PostgreSQL's files before VACUUM FULL", early),
        Figure("words left in PostgreSQL's files after VACUUM FULL", after, "", 0),
        Figure("words left in its write-ahead log", log),
    ]


def _restored(place: Place, app: WatchedApp, archive, count: int) -> list[Figure]:
    """The archive from before brings the person back, and `erase_person --again` erases them anew."""
    place.manage("restore", "--input", str(archive), "--replace")
    place.manage("migrate")
    archive.unlink()
    back = count_of(_found(place, app))
    place.manage("erase_person", "--again")
    return [
        Figure("words that an older archive brings back", back, "", count, at_least=True),
        Figure("words left after erase_person --again", count_of(_found(place, app)), "", 0),
    ]
