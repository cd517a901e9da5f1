"""Files and forms that mean harm: transcripts (read by the command and by the page), backup archives, and
bodies sent to every form of the site.

A case is good when it is refused or taken in peace: no 5xx, no exception that nobody foresaw. The peak is
that of the whole process (interpreter, Django and all). Its limit is half of the smallest machine that
runs Peersupport, 512 MiB: a hostile file must not cost the other half to the chats.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from random import Random

from bench.app import ROOT, App, Volunteer
from bench.hostile import archive
from bench.hostile_posts import post
from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure
from bench.promises.uploads import drawn

NUMBER = 14
TITLE = "Files and forms from outside cannot hurt"
RUNNERS = BOTH
SMALL, FULL = 60, 3000
PEAK_MIB = 256
SEED = 14

ADDRESSES = """
from django.urls import get_resolver, reverse
from peersupport.jobs.models import Job
from peersupport.practice.models import Message
from peersupport.practice import drafts
from tests.feedback.study_imports import finished_import
from peersupport.people.models import Cohort
from tests.peersupport.own_scenario import draft_of
own = draft_of(Cohort.objects.get(name="North"), None).pk
message = Message.objects.filter(role="counselor").first()
values = dict(chat_id=message.chat_id, message_id=message.pk, scenario_id=1, code="affirm",
              job_id=Job.objects.first().pk, person_id=10**30, goal_id=10**30, index=10**30, study_id=10**30,
              try_id=message.chat_id, cohort_id=1, assignment_id=10**30, export_id=message.pk, table="tags",
              kind="codebook", uidb64="MQ", token="x", rating_id=10**30, own_id=own, training_id=10**30,
              behaviour="warmth",
              merge_id=10**30,
              import_id=finished_import().pk,
              draft_id=drafts.make(message.chat.volunteer, b"Anna: hello\\nBen: hi\\n").pk)
def walk(patterns, space=""):
    for p in patterns:
        if hasattr(p, "url_patterns"):
            yield from walk(p.url_patterns, f"{space}{p.namespace}:" if p.namespace else space)
        else:
            yield reverse(f"{space}{p.name}", kwargs={k: values[k] for k in p.pattern.converters})
answer = [a for a in walk(get_resolver().url_patterns) if a != "/logout/"]
"""


def measure(place: Place, count: int) -> list[Figure]:
    log = place.folder / "log"
    app = place.app()
    with log.open("w") as errors:
        app.start(stderr=errors)
        try:
            resting = app.web_memory_mb()
            vera = Volunteer(app, "vera").cookies()  # after so many wrong passwords nobody signs in as her
            statuses = _posts(app, place.ask(ADDRESSES), count)
            uploads = drawn(app, vera, count // 2, SEED)
            unclear = [answer for answer in uploads if not answer.clear]
            for answer in unclear[:5]:
                print(f"   unclear: {answer.status} {answer.refusal[:120]!r}")
            statuses += [answer.status for answer in uploads]
            web_peak = app.web_memory_mb("VmHWM")
            broken = _broken_commands(place)
        finally:
            app.stop()
    read = [_read(place, kind, count) for kind in ("transcripts", "archives")]
    # Django writes a traceback for what it refuses as well (a broken form: 400); these are the others.
    crashes = len(re.findall(r"Internal Server Error|Exception in ASGI", log.read_text()))
    return [
        Figure("cases", len(statuses) + sum(found["cases"] for found in read)),
        Figure("of them files sent to the page of transcripts", len(uploads)),
        Figure("such files neither read nor refused in words", len(unclear), "", 0),
        Figure("answers 5xx", sum(status >= 500 for status in statuses), "", 0),
        Figure("requests without an answer", sum(status == 0 for status in statuses), "", 0),
        Figure("unhandled exceptions", crashes + sum(found["unhandled"] for found in read), "", 0),
        Figure("commands that ended other than with a clear refusal", broken, "", 0),
        Figure("peak of the web process", web_peak, "MiB", PEAK_MIB),
        Figure("web process at rest before", resting, "MiB"),
        Figure("peak while reading transcripts", read[0]["peak_mib"], "MiB", PEAK_MIB),
        Figure("peak while reading archives", read[1]["peak_mib"], "MiB", PEAK_MIB),
    ]


def _posts(app: App, addresses: list[str], count: int) -> list[int]:
    """What each hostile request was answered, by everybody in turn and to every address in turn."""
    chance = Random(SEED)
    people = [Volunteer(app, name) for name in ("vera", "tara", "ada")]
    cookies = [person.cookies() for person in people] + [{}]
    where = itertools.cycle(addresses)
    statuses = []
    for number in range(count):
        headers, body = post(chance)
        who = cookies[number % len(cookies)]
        if who:
            headers |= {
                "Cookie": "; ".join(f"{name}={value}" for name, value in who.items()),
                "X-CSRFToken": who["csrftoken"],
            }
        statuses.append(_send(app, next(where), headers, body, chunked=number % 7 == 0))
    return statuses


def _send(app: App, path: str, headers: dict[str, str], body: bytes, *, chunked: bool) -> int:
    """The status, or 0 where the server hung up without a word."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=60)
    try:
        whole = iter([body[at : at + 65536] for at in range(0, len(body), 65536)]) if chunked else body
        headers = {name: value.encode("utf-8").decode("latin-1") for name, value in headers.items()}
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before the end: the answer waits
            connection.request("POST", path, whole, headers, encode_chunked=chunked)
        return connection.getresponse().status
    except (http.client.HTTPException, OSError) as error:
        print(f"   no answer: {type(error).__name__}, {len(body):,} bytes, chunked {chunked}, {path}")
        return 0
    finally:
        connection.close()


def _read(place: Place, kind: str, count: int) -> dict:
    """Run `bench.hostile` in a process of its own, whose peak is then that of the reader."""
    command = [sys.executable, "-m", "bench.hostile", kind, str(SEED), str(count)]
    done = subprocess.run(command, cwd=ROOT, env=place.env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def _broken_commands(place: Place) -> int:
    """The same through the commands people type: exit code 2, words, no traceback."""
    folder = place.folder / "hostile"
    folder.mkdir()
    given = {
        "a.csv": b"PK\x03\x04zip",
        "b.csv": b"\x7fELF",
        "c.tar.gz": archive(Random(SEED)),
        "d.tar.gz": b"",
    }
    wrong = 0
    for name, content in given.items():
        path: Path = folder / name
        path.write_bytes(content)
        command = ["analyse", "--output", str(folder / "out.json")] if name.endswith("csv") else ["restore"]
        done = subprocess.run(
            [sys.executable, "manage.py", *command, "--input", str(path)],
            cwd=ROOT, env=place.env, capture_output=True, text=True,
        )  # fmt: skip
        refused = done.returncode == 2 and "Traceback" not in done.stderr and "CommandError" in done.stderr
        wrong += not refused
    return wrong
