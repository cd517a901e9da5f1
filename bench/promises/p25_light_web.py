"""After every kind of page and many posts, no model library is in the web process, and it is still small."""

from __future__ import annotations

import re
from pathlib import Path

import psutil

from bench.app import App, Volunteer
from bench.lines import LINES
from bench.load.watch import role
from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure

NUMBER = 25
TITLE = "The web process stays light: no model library in it"
RUNNERS = BOTH
SMALL, FULL = 15, 200
RSS_LIMIT_MIB = 150
# Shared libraries lie in a folder of their package's name.
LIBRARIES = ("torch", "transformers", "onnxruntime", "scipy", "statsmodels", "sklearn", "weasyprint")
PAGES = {
    "vera": (
        "/practice/",
        "/chats/",
        "/transcripts/",
        "/transcripts/new/",
        "/account/",
        "/evidence/",
        "/evidence/reflection_complex/",
    ),
    "tara": ("/chats/", "/evidence/", "/review/", "/review/agreement/", "/cohorts/", "/cohorts/1/"),
    "ada": (
        "/people/",
        "/jobs/",
        "/tagger/",
        "/models/",
        "/models/dials/",
        "/models/dials/warmth/",
        "/models/bases/",
        "/studies/",
        "/studies/new/",
        "/exports/",
        "/exports/tags.csv",
        "/audit/",
        "/organisation/",
    ),
}
# The application driven from within, as the server drives it, so that its modules can be asked for; the
# server itself offers no such door.
WITHIN = """
import asyncio, sys
from asgiref.testing import ApplicationCommunicator
from peersupport import serve

async def get(path, session):
    scope = {{
        "type": "http", "asgi": {{"version": "3.0"}}, "http_version": "1.1", "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", b"sessionid=" + session.encode())],
    }}
    one = ApplicationCommunicator(serve.application, scope)
    await one.send_input({{"type": "http.request", "body": b"", "more_body": False}})
    status = (await one.receive_output(20))["status"]
    while (await one.receive_output(20)).get("more_body"):
        pass
    await one.wait(20)  # until the request gave its database connection back
    return status

async def visit():
    return [await get(path, session) for path, session in {visits!r}]

statuses = asyncio.run(visit())
loaded = sorted({libraries!r} & {{name.partition(".")[0] for name in sys.modules}})
answer = [statuses, loaded]
"""


SAID = "SELECT count(*) FROM peersupport_message WHERE role = 'counselor'"


def measure(place: Place, count: int) -> list[Figure]:
    app = place.app()
    app.start()
    try:
        [(before,)] = place.rows(SAID)
        visits = _use(app, count)
        [(posted,)] = place.rows(SAID)
        web = _web(app)
        mapped = _mapped(web.pid)
        memory = web.memory_info().rss / 2**20
        statuses, loaded = place.ask(WITHIN.format(visits=visits, libraries=set(LIBRARIES)))
    finally:
        app.stop()
    return [
        Figure("messages posted", posted - before, "", count, at_least=True),
        Figure("kinds of page served", len(visits)),
        Figure("pages that did not answer 200 from within", sum(status != 200 for status in statuses), "", 0),
        Figure("model libraries mapped into the web process", len(mapped), "", 0),
        Figure("model libraries among its modules", len(loaded), "", 0),
        Figure("web process memory", memory, "MiB", RSS_LIMIT_MIB),
    ]


def _use(app: App, count: int) -> list[tuple[str, str]]:
    """A chat to its report, and every page of every role; returns (path, session) of the pages."""
    people = {name: Volunteer(app, name) for name in PAGES}
    vera = people["vera"]
    path = vera.start_chat()
    stream = vera.follow(path)
    events = stream.events()
    for number in range(count):
        vera.say(path, LINES[number % len(LINES)])
        if number % 10 == 0:
            next(events)
    stream.close()
    vera.post(f"{path}end/")
    visits = [(page, name) for name, pages in PAGES.items() for page in pages]
    for name in ("vera", "tara"):
        visits += [(path, name), (f"{path}report/", name), (f"{path}events/", name)]
    message = re.search(r'id="message-([0-9a-f-]+)" class="message own', vera.get(path))[1]
    visits += [
        (f"/messages/{message}/corrections/", "tara"),
        (f"/evidence/open_question/?message={message}", "vera"),
    ]
    for page, name in visits:
        people[name].get(page)
    return [(page.partition("?")[0], people[name].session) for page, name in visits]


def _web(app: App) -> psutil.Process:
    return next(
        child for child in psutil.Process(app.process.pid).children(recursive=True) if role(child) == "web"
    )


def _mapped(pid: int) -> set[str]:
    """Names among LIBRARIES of which a file is mapped into the process."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return {name for name in LIBRARIES if f"/site-packages/{name}" in maps or f"lib{name}" in maps}
