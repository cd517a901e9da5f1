"""A backup taken while volunteers post and workers run is a whole moment, and goes on from there."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable

import pytest

from bench.app import Volunteer
from bench.lines import LINES

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WRITERS, BACKUPS = ("vera", "paul", "olga"), 2
# What is wrong in a database that was caught in the middle of something: nothing of it may be there.
FAULTS = """
import json
from peersupport.jobs.models import Job
from peersupport.practice.models import ChatEvent, Message, PracticeChat, SeekerStateRecord
from skills.models import Tagging
faults = []
said = Message.objects.filter(role="counselor")
done = said.filter(turn="done")
for name, rows in (
    ("tags", done.exclude(taggings__current=True)),
    ("state", done.filter(seeker_state=None)),
):
    faults += [f"done without {name}: {pk}" for pk in rows.values_list("pk", flat=True)]
waiting = {str(pk) for pk in said.filter(turn="pending").values_list("pk", flat=True)}
open_jobs = set(Job.objects.filter(kind="turn", status__in=Job.OPEN).values_list("subject", flat=True))
faults += [f"waits without a job: {pk}" for pk in waiting - open_jobs]
faults += [f"a job for what is done: {pk}" for pk in open_jobs - waiting]
for chat in PracticeChat.objects.all():
    seqs = list(ChatEvent.objects.filter(chat=chat).order_by("seq").values_list("seq", flat=True))
    if seqs != list(range(1, chat.last_seq + 1)):
        faults.append(f"gaps in the events of {chat.pk}")
    indexes = list(chat.messages.order_by("index").values_list("index", flat=True))
    if indexes != list(range(1, chat.last_index + 1)):
        faults.append(f"gaps in the messages of {chat.pk}")
print(json.dumps({"faults": faults, "done": done.count(), "waiting": len(waiting)}))
"""


class Writers:
    """Volunteers who post as fast as the web process takes it until told to stop."""

    def __init__(self, app) -> None:
        self.enough = threading.Event()
        self.errors: list[Exception] = []
        self.threads = [threading.Thread(target=self._write, args=(app, name)) for name in WRITERS]
        for thread in self.threads:
            thread.start()

    def _write(self, app, name: str) -> None:
        try:
            volunteer = Volunteer(app, name)
            path = volunteer.start_chat()
            number = 0
            volunteer.opener.addheaders.append(("X-Fragments", "1"))  # no page: more posts than workers do
            while not self.enough.is_set():
                line, key = LINES[number % len(LINES)], uuid.uuid4().hex
                volunteer.post(f"{path}messages/?after=99999999", text=line, key=key)
                number += 1
                self.enough.wait(0.03)
        except Exception as error:
            self.errors.append(error)

    def stop(self) -> None:
        self.enough.set()
        for thread in self.threads:
            thread.join()


def look(place) -> dict:
    return json.loads(place.ask(FAULTS))


def until(holds: Callable[[], bool], limit: float = 180) -> None:
    """Return once it holds. Raises AssertionError after `limit` seconds."""
    ends = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < ends, f"not within {limit} s"
        time.sleep(0.3)


def test_a_backup_under_load_is_whole_and_its_open_jobs_are_done_after_the_restore(place, tmp_path):
    here = place("busy")
    for command in ("migrate", "sync_content", "load_demo"):
        here.done(command)
    app = here.app(JOB_LEASE_SECONDS="2")
    app.start()
    writers = Writers(app)
    try:
        for number in range(BACKUPS):
            # Not before something was done since the last one, however busy the machine is.
            done = look(here)["done"]
            until(lambda done=done: look(here)["done"] > done)
            here.done("backup", "--output", str(tmp_path / f"{number}.tar.gz"))
    finally:
        writers.stop()
        app.stop()
    assert writers.errors == []

    there = place("later")
    found = []
    for number in range(BACKUPS):
        there.done("restore", "--input", str(tmp_path / f"{number}.tar.gz"), "--replace")
        found.append(look(there))
    assert [row["faults"] for row in found] == [[]] * BACKUPS
    assert found[0]["done"] < found[-1]["done"]  # they were busy all the time
    assert found[-1]["waiting"] > 0

    app = there.app(JOB_LEASE_SECONDS="2")
    app.start()
    try:
        # Leases of workers that never were here run out first.
        until(lambda: look(there)["waiting"] == 0)
    finally:
        app.stop()
    state = look(there)
    assert (state["waiting"], state["faults"]) == (0, [])
    assert state["done"] == found[-1]["done"] + found[-1]["waiting"]


def test_the_make_targets_themselves(place, tmp_path):
    # Nothing of a `make test ARGS=…` that this suite may be running under.
    make = [
        "env",
        "-u",
        "MAKEFLAGS",
        "-u",
        "MAKELEVEL",
        "-u",
        "ARGS",
        "make",
        "--no-print-directory",
        f"VENV={sys.prefix}",
        "-o",
        f"{sys.prefix}/.installed",
    ]
    archive = tmp_path / "of-make.tar.gz"
    here, there = place("made"), place("mended")
    for command in ("migrate", "sync_content", "load_demo"):
        here.done(command)
    assert shutil.which("make")
    done = here.run([*make, "backup", f"FILE={archive}"])
    assert done.returncode == 0, done.stderr
    done = there.run([*make, "restore", f"FILE={archive}"])
    assert done.returncode == 0, done.stderr
    assert there.rows() == here.rows()
    again = there.run([*make, "restore", f"FILE={archive}"])
    assert again.returncode != 0
    assert "--replace" in again.stderr
    there.done("erase_person", "vera", "--yes")
    done = there.run([*make, "restore", f"FILE={archive}", "ARGS=--replace"])
    assert done.returncode == 0, done.stderr
    assert "1 of 1 on the list were there" in done.stdout
    assert "'vera'" in here.rows() and "'vera'" not in there.rows()
