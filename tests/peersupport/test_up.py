"""`manage.py up` asks whether it is ready where it is answered, and leaves off when it is told to stop."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.http.request import validate_host

from peersupport.management.commands import up


@pytest.fixture
def web(settings) -> Iterator[HTTPServer]:
    """In place of the web process, on every address: refuses names that are not allowed, as Django does."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.headers["Host"].rpartition(":")[0] or self.headers["Host"]
            allowed = validate_host(name, settings.ALLOWED_HOSTS) and self.path == "/readyz"
            self.send_response(self.server.status if allowed else 400)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args):
            pass

    server = HTTPServer(("0.0.0.0", 0), Page)
    server.status = 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def announced(host: str, port: int, stopping: threading.Event | None = None) -> str:
    command = up.Command(stdout=io.StringIO())
    command._announce(host, port, time.monotonic(), False, stopping or threading.Event())
    return command.stdout._out.getvalue()


@pytest.mark.parametrize(
    ("host", "allowed", "shown"),
    [
        ("127.0.0.1", ["localhost", "127.0.0.1", "[::1]"], "127.0.0.1"),
        ("0.0.0.0", ["localhost", "127.0.0.1", "[::1]"], "localhost"),
        ("0.0.0.0", ["practice.example.org"], "practice.example.org"),
        ("127.0.0.1", [".example.org"], "example.org"),
        ("0.0.0.0", ["*"], "0.0.0.0"),
    ],
)
def test_it_is_ready_on_every_address_and_under_the_names_that_are_allowed(
    host, allowed, shown, web, settings, monkeypatch
):
    monkeypatch.setattr(up, "READY_SECONDS", 5)
    settings.ALLOWED_HOSTS = allowed
    assert f"http://{shown}:{web.server_port}\n" in announced(host, web.server_port)


def test_told_to_stop_it_waits_no_more_and_says_nothing(web, settings):
    web.status = 503
    stopping, began = threading.Event(), time.monotonic()
    threading.Timer(0.3, stopping.set).start()
    assert announced("127.0.0.1", web.server_port, stopping) == ""
    assert time.monotonic() - began < 10 < up.READY_SECONDS


def test_what_stays_unready_ends_with_its_last_answer(web, monkeypatch):
    monkeypatch.setattr(up, "READY_SECONDS", 0.5)
    web.status = 503
    with pytest.raises(up.CommandError, match="not ready after"):
        announced("127.0.0.1", web.server_port)


def test_addresses_of_six_are_written_in_brackets():
    assert (up.url("::1", 80), up.url("127.0.0.1", 80)) == ("http://[::1]:80", "http://127.0.0.1:80")
