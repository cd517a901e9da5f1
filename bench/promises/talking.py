"""Volunteers who keep posting through every fault, resending under the same key as the page does."""

from __future__ import annotations

import http.client
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bench.lines import LINES
from bench.promises.place import Place

TURNS_PER_CHAT = 30
MAKE_PEOPLE = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from peersupport.people.models import User
answer = []
for number in range({count}):
    user, _ = User.objects.get_or_create(username=f"talker{{number}}", defaults={{"role": "volunteer"}})
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session.create()
    answer.append(session.session_key)
"""
CSRF = "c" * 32


@dataclass
class Talker:
    """One signed-in volunteer. `sent`: key -> seconds since the epoch when the post was acknowledged."""

    port: int
    session: str
    seed: int
    pause: float = 0.0
    doubles: bool = False
    sent: dict[str, float] = field(default_factory=dict)
    refused: list[tuple[float, int]] = field(default_factory=list)  # (when, status; 0: no answer)
    slowest: float = 0.0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.chat = ""

    def request(self, method: str, path: str, fields: dict | None = None, *, drop: bool = False) -> tuple:
        """(status, Location). With `drop` the connection is cut before the answer is read: (0, "")."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Cookie": f"sessionid={self.session}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(fields or {}), headers)
            if drop:
                return 0, ""
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("Location", "")
        except OSError:
            return 0, ""
        except http.client.HTTPException:
            return 0, ""
        finally:
            connection.close()

    def start_chat(self, scenario: int = 1) -> None:
        while not self.chat:
            status, where = self.request("POST", f"/practice/{scenario}/start/")
            if status == 302:
                self.chat = where
            else:
                self.refused.append((time.time(), status))
                time.sleep(0.2)

    def say(self) -> str:
        """Post one message until it is acknowledged; returns its key."""
        if not self.chat or len(self.sent) % TURNS_PER_CHAT == 0:
            self.chat = ""
            self.start_chat()
        key = uuid.uuid4().hex
        fields = {"text": f"{self.rng.choice(LINES)} ({len(self.sent)})", "key": key}
        path = f"{self.chat}messages/"
        if self.doubles and self.rng.random() < 0.2:
            self.request("POST", path, fields, drop=True)
        while True:
            began = time.monotonic()
            status, _ = self.request("POST", path, fields)
            self.slowest = max(self.slowest, time.monotonic() - began)
            if status == 302:
                break
            self.refused.append((time.time(), status))
            time.sleep(0.2)
        self.sent[key] = time.time()
        if self.doubles and self.rng.random() < 0.3:
            self.request("POST", path, fields)
        return key


class Talkers:
    """Several of them at once, each in a thread, until they said enough or are told to stop."""

    def __init__(self, place: Place, port: int, count: int, **options) -> None:
        sessions = place.ask(MAKE_PEOPLE.format(count=count))
        self.talkers = [Talker(port, session, seed, **options) for seed, session in enumerate(sessions)]
        self._enough = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, *, each: int | None = None) -> Talkers:
        def talk(talker: Talker) -> None:
            while not self._enough.is_set() and (each is None or len(talker.sent) < each):
                talker.say()
                time.sleep(talker.rng.expovariate(1 / talker.pause) if talker.pause else 0)

        self._threads = [threading.Thread(target=talk, args=(one,), daemon=True) for one in self.talkers]
        for thread in self._threads:
            thread.start()
        return self

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        self._enough.set()
        self.join()

    @property
    def sent(self) -> dict[str, float]:
        return {key: at for talker in self.talkers for key, at in talker.sent.items()}

    @property
    def refused(self) -> list[tuple[float, int]]:
        return [row for talker in self.talkers for row in talker.refused]


def kept_keys(place: Place) -> list[str]:
    """The idempotency keys of all counselor messages of the talkers, doubles twice."""
    query = """SELECT m.idempotency_key FROM peersupport_message m
        JOIN peersupport_practicechat c ON c.id = m.chat_id JOIN peersupport_user u ON u.id = c.volunteer_id
        WHERE m.role = 'counselor' AND u.username LIKE 'talker%'"""
    return [key for (key,) in place.rows(query)]


def wait_for_turns(place: Place, seconds: float) -> int:
    """Wait until no counselor message waits for its tags; returns how many still do."""
    ends = time.monotonic() + seconds
    while True:
        [(left,)] = place.rows("SELECT count(*) FROM peersupport_message WHERE turn = 'pending'")
        if not left or time.monotonic() > ends:
            return left
        time.sleep(0.2)
