"""Words that occur once in the world are written, mistyped, refused and broken; then everything that is no
message is searched for them: printed lines at LOG_LEVEL=DEBUG, the broker's traffic, every table that
keeps no text, all files beside the database, error pages, response headers.

Errors are caused in the database itself, which quotes the refused row in what it raises.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.parse
import uuid
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from bench.app import App
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

NUMBER = 18
TITLE = "No message text in logs, addresses, broker or error reports"
RUNNERS = BOTH
SMALL, FULL = 12, 400  # messages with a word of their own; the wrong turns are the same for both

KEEP_TEXT = {"peersupport_message", "feedback_sessionreport", "skills_correction", "skills_review"}
KEEP_TEXT |= {"peersupport_transcriptdraft"}
PENDING = "SELECT count(*) FROM peersupport_message WHERE turn = 'pending'"
UNREPORTED = "SELECT count(*) FROM feedback_sessionreport WHERE status = 'pending'"
BREAKS_PAGE, BREAKS_TURN = "breakspage", "breaksturn"
SQLITE_FAULTS = f"""
CREATE TRIGGER page_fault BEFORE INSERT ON peersupport_message WHEN NEW.text LIKE '%{BREAKS_PAGE}%'
BEGIN SELECT RAISE(ABORT, 'refused: {PREFIX}sqlite'); END;
CREATE TRIGGER turn_fault BEFORE INSERT ON skills_tagging
WHEN (SELECT text FROM peersupport_message WHERE id = NEW.message_id) LIKE '%{BREAKS_TURN}%'
BEGIN SELECT RAISE(ABORT, 'refused: {PREFIX}sqlite'); END;
"""
POSTGRES_FAULTS = f"""
ALTER TABLE peersupport_message ADD CONSTRAINT page_fault CHECK (text NOT LIKE '%{BREAKS_PAGE}%');
--
CREATE FUNCTION turn_fault() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE said text := (SELECT text FROM peersupport_message WHERE id = NEW.message_id);
BEGIN
  IF said LIKE '%{BREAKS_TURN}%' THEN RAISE EXCEPTION 'refused' USING DETAIL = said; END IF;
  RETURN NEW;
END $$;
--
CREATE TRIGGER turn_fault BEFORE INSERT ON skills_tagging FOR EACH ROW EXECUTE FUNCTION turn_fault();
"""


@dataclass
class Answers:
    """What came back: how often each status, and what headers and error pages held."""

    statuses: dict[int, int] = field(default_factory=dict)
    headers: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)


class Asker(Visitor):
    """Asks without following redirects, and looks through each answer."""

    def __init__(self, app: App, username: str, answers: Answers, **options: str) -> None:
        self.answers = answers
        super().__init__(app, username, **options)

    def ask(self, verb: str, path: str, *, error: bool = False, **fields: str) -> str:
        """`error`: the body is an error page, on which nothing of ours may stand."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": self._cookie("csrftoken")})
        connection = http.client.HTTPConnection("127.0.0.1", self.app.port, timeout=60)
        connection.request(verb, path, body if verb == "POST" else None, headers)
        answer = connection.getresponse()
        page = answer.read()
        connection.close()
        self.answers.statuses[answer.status] = self.answers.statuses.get(answer.status, 0) + 1
        self.answers.headers |= canaries_in(str(answer.headers).encode())
        if error:
            self.answers.pages |= canaries_in(page)
        return answer.headers.get("Location") or page.decode()


class Monitor:
    """Everything that any client tells the Redis server, as its MONITOR shows it."""

    def __init__(self, place: Place) -> None:
        self.place, self.seen, self.commands = place, set(), 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            try:
                with self.place.redis.client().monitor() as monitor:
                    for command in monitor.listen():
                        self.commands += 1
                        self.seen |= canaries_in(repr(command).encode())
            except Exception:
                time.sleep(0.05)  # the server is away on purpose


def measure(place: Place, count: int) -> list[Figure]:
    app = WatchedApp(place, LOG_LEVEL="DEBUG")
    app.start()
    make_people(place, volunteer="volunteer", trainer="trainer")
    monitor = Monitor(place) if place.redis else None
    answers = Answers()
    person = Asker(app, "volunteer", answers)
    path = person.start_chat()
    said = [canary(number) for number in range(count)]
    for word in said:
        person.ask("POST", f"{path}messages/", text=f"I hear the {word} in it.", key=uuid.uuid4().hex)
    wrong = _wrong_turns(person, path, count)
    _make_faults(place)
    wrong += _faults(person, path, count)
    if place.redis:
        wrong += _broker_outage(place, person, path, count)
    wait_until(place, PENDING)
    person.ask("POST", f"{path}end/")
    wait_until(place, UNREPORTED)
    _correct(place, Asker(app, "trainer", answers), canary(count + 60))
    for number in range(9):
        with suppress(urllib.error.HTTPError):  # in the end the name rests
            Asker(app, "volunteer", answers, password=canary(count + 70 + number))
    tables = canaries_in_tables(place)
    elsewhere = {name: words for name, words in tables.items() if name.split(".")[-1] not in KEEP_TEXT}
    files = canaries_in_files([place.data_dir], but="peersupport.sqlite3")
    app.stop()
    printed = app.log.read_bytes()
    [(given_up,)] = place.rows("SELECT count(*) FROM peersupport_message WHERE turn = 'failed'")
    [(noted,)] = place.rows("SELECT count(*) FROM skills_review WHERE note <> ''")
    refused = sum(answers.statuses.get(status, 0) for status in (400, 403, 404, 405))
    return [
        Figure("words in messages, drafts, passwords, notes, addresses", count + wrong + 10),
        Figure("kept as messages, where they belong", count_of(tables), "", count, at_least=True),
        Figure("answers 500 caused", answers.statuses.get(500, 0), "", 1, at_least=True),
        Figure("answers 400 to 405 caused", refused, "", 4, at_least=True),
        Figure("trainers' notes kept", noted, "", 1, at_least=True),
        Figure("turns given up", given_up, "", 1, at_least=True),
        Figure("lines printed by all processes", len(printed.splitlines()), "", 1, at_least=True),
        Figure("words in them", len(canaries_in(printed)), "", 0),
        Figure("words in tables that keep no text", count_of(elsewhere), "", 0),
        Figure("words in files beside the database", count_of(files), "", 0),
        Figure("words in response headers", len(answers.headers), "", 0),
        Figure("words on error pages", len(answers.pages), "", 0),
        *_servers(place, monitor),
    ]


def _wrong_turns(person: Asker, path: str, count: int) -> int:
    """Refused posts and words where none belong; returns how many."""
    post = f"{path}messages/"
    word = [canary(count + number) for number in range(12)]
    person.ask("POST", post, text=f"{word[0]} " * 500, key="long")  # refused, kept in the composer
    person.ask("POST", post, text=word[1])  # no key
    person.ask("POST", post, **{word[2]: "x"})
    token, person._cookie = person._cookie, lambda name: ""
    person.ask("POST", post, error=True, text=word[3], key="k")  # no token
    person._cookie = token
    person.ask("GET", f"/nothing/?q={word[4]}", error=True)
    person.ask("GET", f"/chats/?q={word[5]}")
    person.ask("GET", f"/evidence/open_question/?message={word[6]}", error=True)
    person.ask("GET", f"/people/?q={word[7]}", error=True)
    person.ask("GET", f"{path}events/?after={word[8]}")
    person.ask("POST", f"{path}retry/?text={word[9]}", error=True)
    person.ask("POST", f"/people/?text={word[10]}", error=True, text=word[10])
    person.ask("POST", "/your-data/erase/", password=word[11])
    return len(word)


def _make_faults(place: Place) -> None:
    if place.postgres:
        with psycopg.connect(place.postgres.url, autocommit=True) as connection:
            for statement in POSTGRES_FAULTS.split("--\n"):  # one lock at a time: workers hold others
                connection.execute(statement)
        return
    import sqlite3

    with sqlite3.connect(place.data_dir / "peersupport.sqlite3", timeout=20) as connection:
        connection.executescript(SQLITE_FAULTS)


def _faults(person: Asker, path: str, count: int) -> int:
    """A page and a turn whose database refuses the row and quotes it."""
    page, turn = canary(count + 20), canary(count + 21)
    person.ask("POST", f"{path}messages/", error=True, text=f"{page} {BREAKS_PAGE}", key="page")
    person.ask("POST", f"{path}messages/", text=f"{turn} {BREAKS_TURN}", key="turn")
    return 2


def _broker_outage(place: Place, person: Asker, path: str, count: int) -> int:
    place.redis.stop()
    for number in range(3):
        person.ask(
            "POST", f"{path}messages/", text=f"and {canary(count + 30 + number)}", key=f"away {number}"
        )
    place.redis.start()
    return 3


def _correct(place: Place, trainer: Asker, word: str) -> None:
    done = f"role = 'counselor' AND turn = 'done' AND text LIKE '%{canary(0)}%'"
    [(message,)] = place.rows(f"SELECT id FROM peersupport_message WHERE {done}")
    address = f"/messages/{uuid.UUID(str(message))}/corrections/"
    basis = basis_in(trainer.ask("GET", address))
    trainer.ask("POST", address, codes="affirm", note=f"I hear {word}.", basis=basis)


def _servers(place: Place, monitor: Monitor | None) -> list[Figure]:
    if monitor is None:
        return []
    log = (place.postgres.folder / "log").read_bytes()
    return [
        Figure("commands to Redis seen", monitor.commands, "", 1, at_least=True),
        Figure("words in them", len(monitor.seen), "", 0),
        Figure("words in all keys of Redis", len(canaries_in_redis(place)), "", 0),
        Figure("words in the PostgreSQL server's own log", len(canaries_in(log)), "", 0),
    ]
