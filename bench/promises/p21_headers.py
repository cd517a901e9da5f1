"""Every answer carries its security headers: each role's whole site is crawled, and the refusals provoked.

Links, forms, scripts, styles and pictures are followed from the home page; a redirect is an answer as well.
Then come the answers that no link leads to: 400, 403, 404, 405, 413, 415, probes, the stream, the export.
"""

from __future__ import annotations

import http.client
import re
import urllib.parse
from dataclasses import dataclass

from bench.app import App, Volunteer
from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure

NUMBER = 21
TITLE = "Security headers on every answer"
RUNNERS = BOTH
SMALL, FULL = 30, 2000  # addresses a role
ROLES = ("", "vera", "tara", "ada")

_LINK = re.compile(r"""(?:href|src|action|formaction|hx-get)=["']([^"'#]+)""")
_IMPORT = re.compile(r"""@import url\(["']([^"']+)["']\)""")


@dataclass(frozen=True)
class Answer:
    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_static(self) -> bool:
        return self.path.startswith("/static/") and self.status in (200, 304)


def _policy(answer: Answer) -> str:
    return answer.headers.get("content-security-policy", "")


def _kind(answer: Answer) -> str:
    return answer.headers.get("content-type", "").replace('"', "")


CHECKS = {
    "with a content policy without unsafe-inline": lambda a: (
        "script-src 'self'" in _policy(a)
        and "object-src 'none'" in _policy(a)
        and "base-uri 'none'" in _policy(a)
        and "unsafe-" not in _policy(a)
    ),
    "with frame-ancestors 'none'": lambda a: "frame-ancestors 'none'" in _policy(a),
    "with nosniff": lambda a: a.headers.get("x-content-type-options") == "nosniff",
    "with a referrer policy": lambda a: a.headers.get("referrer-policy") == "same-origin",
    "with no-store (static files apart)": lambda a: (
        a.is_static or "no-store" in a.headers.get("cache-control", "")
    ),
    "that no page elsewhere may read": lambda a: "access-control-allow-origin" not in a.headers,
    "that name their type and character set": lambda a: (
        not a.body or "charset=utf-8" in _kind(a) or _kind(a) in ("image/svg+xml", "application/json")
    ),
}


def measure(place: Place, count: int) -> list[Figure]:
    app = place.app()
    app.start()
    try:
        answers = [answer for role in ROLES for answer in _crawl(app, role, count)]
        answers += _provoked(app)
    finally:
        app.stop()
    for answer in answers:
        missed = [name for name, check in CHECKS.items() if not check(answer)]
        if missed:
            print(f"{answer.method} {answer.path} ({answer.status}): not {'; '.join(missed)}", flush=True)
    return [
        Figure("answers", len(answers)),
        Figure("different addresses", len({answer.path for answer in answers})),
        Figure("kinds of status", len({answer.status for answer in answers}), "", 9, at_least=True),
        *(
            Figure(f"answers {name}", 100 * sum(map(check, answers)) / len(answers), "%", 100, at_least=True)
            for name, check in CHECKS.items()
        ),
    ]


def _crawl(app: App, role: str, count: int) -> list[Answer]:
    """Answers to up to `count` addresses that links lead this person to, breadth first."""
    cookies = Volunteer(app, role).cookies() if role else {}
    waiting, seen, answers = ["/"], {"/"}, []
    while waiting and len(answers) < count:
        path = waiting.pop(0)
        if "logout" in path:
            continue
        answer = _ask(app, path, cookies)
        answers.append(answer)
        for found in _links(answer):
            if found not in seen:
                seen.add(found)
                waiting.append(found)
    return answers


def _links(answer: Answer) -> list[str]:
    kind = answer.headers.get("content-type", "")
    found = [answer.headers["location"]] if "location" in answer.headers else []
    if kind.startswith("text/html"):
        found += _LINK.findall(answer.body.decode())
    elif kind.startswith("text/css"):
        found += _IMPORT.findall(answer.body.decode())
    joined = [urllib.parse.urljoin(answer.path, link.replace("&amp;", "&")) for link in found]
    return [link for link in joined if link.startswith("/") and not link.startswith("//")]


def _ask(app: App, path: str, cookies: dict[str, str], method: str = "GET", **given) -> Answer:
    """One request; a redirect is not followed, of a stream only the beginning is read."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
    try:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        body = given.get("body")
        connection.request(method, path, body, headers | given.get("headers", {}))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        streamed = named.get("content-type") == "text/event-stream"
        return Answer(method, path, response.status, named, b"" if streamed else response.read())
    finally:
        connection.close()


def _provoked(app: App) -> list[Answer]:
    """Refusals of every kind, and what no page links to."""
    vera, tara, ada = (Volunteer(app, name) for name in ("vera", "tara", "ada"))
    chat = vera.start_chat()
    volunteer, trainer, admin = vera.cookies(), tara.cookies(), ada.cookies()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    unbounded = {"Content-Type": "multipart/form-data"}
    token = {"X-CSRFToken": volunteer["csrftoken"]}
    return [
        _ask(app, "/nothing/here/", {}),
        _ask(app, "/nothing/here/", volunteer),
        _ask(app, "/static/nothing.css", {}),
        _ask(app, "/practice/%00/start/", volunteer),
        _ask(app, "/people/", volunteer),
        _ask(app, "/chats/00000000-0000-4000-8000-000000000000/", trainer),
        _ask(app, "/people/", trainer),
        _ask(app, "/practice/", admin),
        _ask(app, "/practice/1/start/", volunteer),
        _ask(app, "/people/", admin, "DELETE"),
        _ask(app, "/login/", {}, "TRACE"),
        _ask(app, "/people/", admin, "OPTIONS", headers=token),
        _ask(app, f"{chat}messages/", volunteer, "POST", body=b"text=a", headers=form),
        _ask(app, f"{chat}messages/", volunteer, "POST", body=b"text=", headers=form | token),
        _ask(app, f"{chat}messages/", volunteer, "POST", body=b"x", headers=unbounded),
        _ask(app, f"{chat}messages/", volunteer, "POST", body=b"x" * (1024**2 + 1), headers=form | token),
        _ask(app, "/login/", {}, "POST", body=b"x", headers={"Content-Type": "a/b; charset=hex"}),
        _ask(app, f"{chat}stream/", volunteer),
        _ask(app, f"{chat}events/", volunteer),
        _ask(app, "/exports/tags.csv", admin),
        _ask(app, "/healthz", {}),
        _ask(app, "/readyz", {}),
        _ask(app, "/leave/", {}),
        _ask(app, "/evidence", volunteer),
        _ask(app, "/evidence/", volunteer, "HEAD"),
        _ask(app, "/login/", {}, headers={"Host": "elsewhere.example"}),
    ]  # fmt: skip
