"""One look at the database for all open event streams of this process, several times a second.

A stream waits here instead of asking on its own: five hundred open chats cost the same few queries
as one. What wakes a stream is a hint only: it reads and checks access itself before it sends.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connection

from peersupport.people.standing import standings
from peersupport.practice.models import PracticeChat

POLL_SECONDS = 0.1
STANDING_SECONDS = 1.0
# Set when the web process is told to stop; streams then end, and browsers come back to the next one.
closing = threading.Event()


@dataclass(eq=False)
class Follower:
    """One open stream: which chat, whose eyes, whose session, and the newest seq it has sent."""

    chat_id: Any
    people: tuple[int, ...]  # the reader and the chat's owner: either's standing may end the access
    session_key: str
    seq: int
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def changed(self, seconds: float) -> None:
        """Return when the chat has news or somebody's standing changed, or after `seconds`."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            pass
        self._woken.clear()

    def wake(self) -> None:
        self._woken.set()


def newest(chat_ids: list) -> dict:
    """{chat id: its newest seq}; erased chats are missing. One query for up to 1,000 chats."""
    rows: dict = {}
    for start in range(0, len(chat_ids), 1000):
        part = chat_ids[start : start + 1000]
        rows |= dict(PracticeChat.objects.filter(pk__in=part).values_list("pk", "last_seq"))
    return rows


class Watch:
    """The look-out of one event loop. It runs only while somebody follows."""

    def __init__(self) -> None:
        self._followers: set[Follower] = set()
        self._task: asyncio.Task | None = None
        # A thread of its own keeps one database connection; a request's thread ends with its request.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
        self._standings: dict = {}

    @contextmanager
    def follow(self, follower: Follower) -> Iterator[Follower]:
        self._followers.add(follower)
        if self._task is None or self._task.done():
            # A fresh context: the task must not live in that of the request which came first.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=contextvars.Context())
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        looked = 0.0
        while self._followers and not closing.is_set():
            followers = list(self._followers)
            due = time.monotonic() - looked >= STANDING_SECONDS
            try:
                woken = await loop.run_in_executor(self._thread, self._look, followers, due)
            except DatabaseError as error:
                logging.getLogger(__name__).warning("streams wait: database (%s)", type(error).__name__)
                woken = []
                await asyncio.sleep(1)
            looked = time.monotonic() if due else looked
            for follower in woken:
                follower.wake()
            await asyncio.sleep(POLL_SECONDS)
        self._task = None  # from here on a new follower starts a new look-out
        for follower in self._followers:
            follower.wake()
        self._standings.clear()
        # `connection` means that of the thread which names it, hence the function.
        await loop.run_in_executor(self._thread, lambda: connection.close())

    def _look(self, followers: list[Follower], with_standings: bool) -> list[Follower]:
        """The followers that have reason to look for themselves. Runs in the watch's thread."""
        try:
            seqs = newest(list({follower.chat_id for follower in followers}))
            woken = [one for one in followers if seqs.get(one.chat_id, one.seq + 1) > one.seq]
            return woken + (self._whose_standing_changed(followers) if with_standings else [])
        except DatabaseError:
            connection.close()
            raise

    def _whose_standing_changed(self, followers: list[Follower]) -> list[Follower]:
        found = standings(
            {person for follower in followers for person in follower.people},
            {follower.session_key for follower in followers},
        )
        before, self._standings = self._standings, found
        return [
            follower
            for follower in followers
            if any(
                before.get(key, found.get(key)) != found.get(key)
                for key in (*follower.people, follower.session_key)
            )
        ]


_watches: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = weakref.WeakKeyDictionary()


def current() -> Watch:
    """The watch of the running event loop."""
    return _watches.setdefault(asyncio.get_running_loop(), Watch())
