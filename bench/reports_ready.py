"""How long a volunteer waits for the report once a chat of 20 messages is over."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.app import Volunteer
from bench.lines import LINES

OWN_MESSAGES = 10  # the seeker answers each of them
MOST_SECONDS = 60
BY_MODEL = "Worded by the coach model"


def waits(volunteer: Volunteer, chats: int) -> tuple[list[float], int]:
    """(seconds from each chat's end until its page shows the report, replies in them that a model worded).

    Raises RuntimeError where tags or a report are not there in time.
    """
    found, worded = [], 0
    for number in range(chats):
        path = volunteer.start_chat()
        for at in range(OWN_MESSAGES):
            volunteer.say(path, LINES[(number + at) % len(LINES)])
        _until(volunteer, path, lambda page: 'data-turn="pending"' not in page)
        began = time.monotonic()
        volunteer.post(f"{path}end/")
        page = _until(volunteer, f"{path}report/", lambda page: "every 1s" not in page)
        found.append(time.monotonic() - began)
        worded += page.count(BY_MODEL)
    return found, worded


def _until(volunteer: Volunteer, path: str, holds: Callable[[str], bool]) -> str:
    ends = time.monotonic() + MOST_SECONDS
    while time.monotonic() < ends:
        if holds(page := volunteer.get(path)):
            return page
        time.sleep(0.1)
    raise RuntimeError(f"not ready within {MOST_SECONDS} s")
