"""Each model fails in turn in the real application: every message and chat has feedback, or says it has none.

Then the fault is lifted and "Try again" pressed wherever a page offers it: every tag and report is there.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

from bench.app import ROOT, Volunteer
from bench.lines import LINES
from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure
from bench.servers import free_port, wait_for_port

NUMBER = 26
TITLE = "Feedback is never silently missing"
RUNNERS = BOTH
CHATS, SAID = 3, 2
NOTICE_SECONDS = 60  # three attempts with their pauses, a model that loads, and some to spare
SPARE_MIB = 250
TAGGER = ROOT / "skills" / "tagger" / "weights"
NO_STUDY = """
from feedback.models import EvidenceStudy, SessionReport
SessionReport.objects.update(study=None)
EvidenceStudy.objects.all().delete()
"""
ENDED = "SELECT count(*) FROM peersupport_practicechat WHERE status = 'ended'"
SHIPPED_STUDY = "yang2024 2024.1"
ON_STORED_STUDY = "SELECT count(*) FROM feedback_sessionreport WHERE study_id IS NOT NULL"
TINY = """
from pathlib import Path
from tests.feedback.tiny_model import save_tiny_model
save_tiny_model(Path({folder!r}), {options})
"""
# MiB of data that a coach worker holds with everything loaded and nothing asked of it yet.
LOADED = """
import re
from feedback.coach.engine import CoachConfig, get_coach
from skills.tagger import load_tagger
load_tagger().tag([])
get_coach(CoachConfig(model={folder!r})).warm_up()
answer = int(re.search(r"VmData:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
"""


def _tagger_missing(place: Place) -> dict[str, str]:
    return {"TAGGER_WEIGHTS": str(place.folder / "no-such-folder")}


def _tagger_damaged(place: Place) -> dict[str, str]:
    """One byte of the weights is another: the graph loads, and would tag nonsense."""
    folder = place.folder / "damaged"
    shutil.copytree(TAGGER, folder)
    data = bytearray((folder / "tagger.onnx").read_bytes())
    data[len(data) // 2] ^= 0x40
    (folder / "tagger.onnx").write_bytes(data)
    return {"TAGGER_WEIGHTS": str(folder)}


def _no_study(place: Place) -> dict[str, str]:
    place.ask(NO_STUDY)
    return {}


def _model(place: Place, name: str, options: str) -> str:
    folder = str(place.folder / name)
    place.ask(TINY.format(folder=folder, options=options))
    return folder


def _coach_missing(place: Place) -> dict[str, str]:
    return {"COACH_MODEL": str(place.folder / "no-such-model")}


def _coach_nan(place: Place) -> dict[str, str]:
    return {"COACH_MODEL": _model(place, "nan", "broken=True")}


def _coach_slow(place: Place) -> dict[str, str]:
    return {"COACH_MODEL": _model(place, "slow", "layers=300"), "COACH_SECONDS": "1"}


def _coach_memory(place: Place) -> dict[str, str]:
    """It loads, and has no room to write: each of its words is chosen among four million."""
    folder = _model(place, "large", "words=4_000_000")
    loaded = place.ask(LOADED.format(folder=folder))
    return {"COACH_MODEL": folder, "WORKER_MEMORY_MB": str(loaded + SPARE_MIB)}


@dataclass(frozen=True)
class Fault:
    """`begin` breaks something and returns what to set; `workers`: whether any run meanwhile; `says`: what
    each report has to say, which shows that it was this fault and no other; `against`: a query that counts
    reports which show that the fault was not there."""

    name: str
    begin: Callable[[Place], dict[str, str]]
    workers: bool = True
    says: str = ""
    against: str = ""


FAULTS = (
    Fault("tagger missing", _tagger_missing, says="could not be written"),
    # No part is missing then: the study that ships with the product serves, and the report names it.
    Fault("evidence study missing", _no_study, says=f"study {SHIPPED_STUDY}", against=ON_STORED_STUDY),
    Fault("workers dead", lambda place: {}, workers=False),
    Fault("tagger damaged", _tagger_damaged, says="could not be written"),
    Fault("coach's path wrong", _coach_missing, says="names a folder that does not exist"),
    Fault("coach gives no numbers", _coach_nan, says="are not numbers"),
    Fault("coach out of time", _coach_slow, says="took longer than"),
    Fault("coach out of memory", _coach_memory, says="out of memory"),
)
SMALL, FULL = 1, len(FAULTS)


@dataclass
class Found:
    """What the volunteers of one fault saw. `silent`: no feedback and no word about it."""

    silent: int = 0
    broken: int = 0
    messages: Counter = field(default_factory=Counter)
    reports: Counter = field(default_factory=Counter)
    said: Counter = field(default_factory=Counter)  # how many reports say one of the faults' words


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    place.manage("collectstatic", "--noinput")
    place.start_sweeper(LOG_LEVEL="ERROR")
    figures: list[Figure] = []
    [(before,)] = place.rows(ENDED)
    silent = broken = unready = 0
    for fault in FAULTS[:count]:
        env = fault.begin(place)
        with _running(place, env, workers=fault.workers) as vera:
            chats = _practise(vera)
            began = time.monotonic()
            found = _look(vera, chats, wait=NOTICE_SECONDS if fault.workers else 3)
            figures.append(Figure(f"{fault.name}: until feedback or a notice", time.monotonic() - began, "s"))
        figures += _fault_was_there(place, fault, found)
        if not fault.workers:  # what waits says that it waits
            found.silent = 0 if found.messages["pending"] == CHATS * SAID and found.reports["pending"] else 1
        place.manage("sync_content")
        with _running(place, {}, workers=True) as vera:
            _press_retry(vera, chats)
            after = _look(vera, chats, wait=NOTICE_SECONDS)
        silent, broken = silent + found.silent, broken + found.broken + after.broken
        unready += CHATS - after.reports["ready"] + CHATS * SAID - after.messages["done"]
    [(ended,)] = place.rows(ENDED)
    return [
        *figures,
        Figure("chats closed", ended - before, "", CHATS * count, at_least=True),
        Figure("chats and messages without feedback or notice", silent, "", 0),
        Figure("pages that broke", broken, "", 0),
        Figure("not there after the fault was lifted and retry pressed", unready, "", 0),
    ]


def _fault_was_there(place: Place, fault: Fault, found: Found) -> list[Figure]:
    figures = []
    if fault.says:
        figures.append(
            Figure(f"{fault.name}: reports that do not say so", CHATS - found.said[fault.says], "", 0)
        )
    if fault.against:
        [(there,)] = place.rows(fault.against)
        figures.append(Figure(f"{fault.name}: reports with what was missing", there, "", 0))
    return figures


@contextmanager
def _running(place: Place, env: dict[str, str], *, workers: bool) -> Iterator[Volunteer]:
    """The web process and workers with `env`; a volunteer who is signed in."""
    port = free_port()
    quiet = {"LOG_LEVEL": "CRITICAL", **env}
    processes = [place.start("-m", "peersupport.serve", "--port", str(port), **quiet)]
    if workers:
        processes += [place.start_worker(lane, **quiet) for lane in ("live", "coach")]
    try:
        wait_for_port(port)
        yield Volunteer(SimpleNamespace(port=port, address=f"http://127.0.0.1:{port}"), "vera")
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _practise(vera: Volunteer) -> list[str]:
    """Chats with a few messages each, all ended. The second asks for a point with a suggestion."""
    chats = [vera.start_chat() for _ in range(CHATS)]
    for path in chats:
        for number in range(SAID):
            vera.say(path, LINES[(number + 3) % len(LINES)])
        vera.post(f"{path}end/")
    return chats


def _look(vera: Volunteer, chats: list[str], *, wait: float) -> Found:
    """What the pages say once nothing is pending any more, or when the time is up."""
    ends = time.monotonic() + wait
    while True:
        found = Found()
        for path in chats:
            _look_at(vera, path, found)
        if not found.silent or time.monotonic() > ends:
            return found
        time.sleep(0.5)


def _look_at(vera: Volunteer, path: str, found: Found) -> None:
    try:
        chat, report = vera.get(path), vera.get(f"{path}report/")
    except urllib.error.HTTPError:
        found.broken += 1
        found.silent += 1
        return
    for message, turn in re.findall(
        r'id="message-([0-9a-f-]+)" class="message own"[^>]*data-turn="(\w+)"', chat
    ):
        offered = turn != "failed" or f"/messages/{message}/retry/" in chat
        found.messages[turn] += 1
        found.silent += turn == "pending" or not offered
    found.reports[status := _status(report)] += 1
    found.silent += status in ("pending", "no retry")
    found.said.update(said for said in {fault.says for fault in FAULTS} if said and said in report)


def _status(page: str) -> str:
    """Of a report, as its page shows it."""
    if "every 1s" in page:
        return "pending"
    retry = "/report/retry/" in page
    if "could not be written" in page:
        return "failed" if retry else "no retry"
    if "Part of this report is missing" in page:
        return "partial" if retry else "no retry"
    return "ready"


def _press_retry(vera: Volunteer, chats: list[str]) -> None:
    """Wherever a page offers it: first of the messages, then of the reports, which count their tags."""
    for path in chats:
        for retry in re.findall(r'action="(/messages/[0-9a-f-]+/retry/)"', vera.get(path)):
            vera.post(retry)
        for retry in re.findall(r'action="([^"]+/report/retry/)"', vera.get(f"{path}report/")):
            vera.post(retry)
