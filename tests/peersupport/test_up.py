"""`manage.py up` asks whether it is ready where it is answered, and leaves off when it is told to stop."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.management import call_command
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
    assert up.url("[::1]", 80) == "http://[::1]:80"


def has_six() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


six = pytest.mark.skipif(not has_six(), reason="no IPv6 on this machine")


@pytest.mark.parametrize(
    "host", ["", "127.0.0.1", "localhost", pytest.param("::1", marks=six), pytest.param("::", marks=six)]
)
def test_a_port_is_tried_at_an_address_of_its_own_kind(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as other:
        other.bind((host, 0))
        other.listen()
        port = other.getsockname()[1]
        if host != "localhost":  # which may be another address than that of the socket
            with pytest.raises(up.CommandError, match=f"port {port} is taken"):
                up.Command()._refuse_taken_port(host, port)
    up.Command()._refuse_taken_port(host, port)


def test_what_is_no_address_of_the_machine_is_not_called_taken():
    with pytest.raises(up.CommandError, match=r"no address is known for the host 'nowhere\.invalid'"):
        up.Command()._refuse_taken_port("nowhere.invalid", 80)
    with pytest.raises(up.CommandError, match=r"http://192\.0\.2\.1:8123 cannot be served"):
        up.Command()._refuse_taken_port("192.0.2.1", 8123)


@pytest.mark.parametrize("given", ["::1", "[::1]"])
def test_brackets_may_be_given_or_not(given, monkeypatch):
    seen = []

    def refuse(self, host, port):
        seen.append(host)
        raise up.CommandError("far enough")

    monkeypatch.setattr(up.Command, "_refuse_taken_port", refuse)
    with pytest.raises(up.CommandError, match="far enough"):
        call_command("up", host=given)
    assert seen == ["::1"]


@pytest.mark.parametrize(("host", "shown"), [("::1", "[::1]"), ("::", "localhost")])
def test_an_address_of_six_that_is_allowed_is_the_one_that_is_printed(host, shown, settings, monkeypatch):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    monkeypatch.setattr(up.Command, "_wait_ready", lambda self, address, stopping: True)
    assert f"http://{shown}:8000\n" in announced(host, 8000)
