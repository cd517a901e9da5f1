"""A request body is refused by its length, told or sent, and by its character set, before Django sees it."""

from __future__ import annotations

import pytest

from peersupport.bodies import BodyLimit
from peersupport.headers import HEADERS

MIB = 1024 * 1024


class Inner:
    """What stands behind: reads the body to its end as Django does, then answers."""

    def __init__(self) -> None:
        self.read = -1

    async def __call__(self, scope, receive, send) -> None:
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message["body"])
            if not message["more_body"]:
                break
        self.read = size
        await send({"type": "http.response.start", "status": 200, "headers": []})


def ask(parts: list[bytes], *headers: tuple[bytes, bytes], kind: str = "http"):
    """(status, headers, how much the inside read, how many parts were taken)."""
    inner, sent, left = Inner(), [], list(parts)

    async def receive():
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    # Nothing here waits, so that no event loop is needed (browser tests keep one of their own running).
    with pytest.raises(StopIteration):
        BodyLimit(inner)({"type": kind, "headers": list(headers)}, receive, send).send(None)
    return sent[0]["status"], dict(sent[0]["headers"]), inner.read, len(parts) - len(left)


def test_a_body_at_the_limit_passes():
    assert ask([b"x" * MIB], (b"content-length", b"1048576"))[0::2] == (200, MIB)


@pytest.mark.parametrize("declared", [b"1048577", b"9" * 30, b"-1", b"1e3", b""])
def test_a_declared_length_above_it_is_refused_and_the_body_thrown_away(declared):
    status, headers, read, taken = ask([b"x", b"y"], (b"content-length", declared))
    assert (status, read, taken) == (413, -1, 2)
    assert {name.lower().encode() for name in HEADERS} <= set(headers)
    assert headers[b"connection"] == b"close"


def test_a_body_that_says_no_length_is_refused_when_it_grows_too_long():
    status, _, read, taken = ask([b"x" * (MIB // 2)] * 5)
    assert (status, read, taken) == (413, -1, 5)


def test_nothing_is_waited_for_after_the_end_of_the_body():
    """The part that goes too far may be the last one: another `receive` would wait for ever."""
    assert ask([b"x" * MIB, b"x"])[0::3] == (413, 2)


def test_what_is_thrown_away_has_an_end():
    """The sender may still write when it is refused: read on for its sake, but not for ever."""
    assert ask([b"x" * (MIB // 2)] * 200)[3] == 3 + 129
    assert ask([b"x" * MIB] * 100, (b"content-length", b"104857600"))[3] == 65
    assert ask([b""] * 20_000, (b"content-length", b"52428800"))[3] == 16_384


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (b"text/plain", 200),
        (b'application/x-www-form-urlencoded; charset="UTF-8"', 200),
        (b"multipart/form-data; boundary=b; charset=utf8", 200),
        (b"application/x-www-form-urlencoded; charset=utf-16", 415),
        (b"multipart/form-data; boundary=b; charset=hex", 415),
        (b"multipart/form-data; CHARSET = idna ; boundary=b", 415),
        (b"a/b; charset=utf-8; charset=zip", 415),
        (b"a/b; charset*=utf-8''zip", 415),
    ],
)
def test_only_utf8_is_read(content_type, status):
    assert ask([b"a=b"], (b"content-type", content_type))[0] == status


def test_a_longer_body_of_an_admins_page_is_taken_from_admins_alone(people, settings, monkeypatch):
    from asgiref.sync import async_to_sync
    from django.test import Client

    from peersupport.people import sessions

    monkeypatch.setattr(sessions, "close_old_connections", lambda: None)  # the test's own must stay
    settings.ADMIN_BODIES = {"/studies/new/": 3 * MIB}
    sent = []

    async def send(message):
        sent.append(message)

    async def ask_as(cookie: bytes):
        parts = [b"x" * MIB, b"x" * MIB]

        async def receive():
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        scope = {"type": "http", "method": "POST", "path": "/studies/new/", "headers": [(b"cookie", cookie)]}
        await BodyLimit(Inner())(scope, receive, send)
        return sent[-2 if sent[-1]["type"].endswith("body") else -1]["status"]

    found = {}
    for who in ("admin", "trainer"):
        client = Client()
        client.force_login(getattr(people, who))
        key = client.session.session_key
        assert sessions._admin_has(key) == (who == "admin")
        found[who] = async_to_sync(ask_as)(f"a=b; sessionid={key}".encode())
    found["nobody"] = async_to_sync(ask_as)(b"sessionid=\xff; broken")
    assert found == {"admin": 200, "trainer": 413, "nobody": 413}
