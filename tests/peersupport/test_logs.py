"""Log lines: their fields in both formats, the request id, one line a request and a job, and no text."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import subprocess
import sys

import pytest
from django.urls import reverse

from bench.app import ROOT
from peersupport import logs

CANARY = "zebrafinch lantern quorum"


class Lines(list):
    """Everything that a handler of our configuration writes, as text lines; `objects` for JSON."""

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def objects(self, logger: str = "") -> list[dict]:
        found = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in found if line["logger"].startswith(logger)]


@pytest.fixture
def lines(request):
    kind = getattr(request, "param", "json")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Json() if kind == "json" else logs.Plain())
    handler.addFilter(logs.NotAProbe())
    handler.addFilter(logs.About())
    root = logging.getLogger()
    root.addHandler(handler)
    yield Lines(stream)
    root.removeHandler(handler)


def test_a_request_is_one_line_with_its_route_and_never_its_path(client, people, chat, lines):
    client.force_login(people.volunteer)
    answer = client.get(reverse("practice:chat", args=[chat.pk]), {"after": CANARY})
    [line] = lines.objects("peersupport.access")
    assert line["request_id"] == answer["X-Request-ID"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "practice:chat", 200)
    assert line["user_id"] == people.volunteer.pk
    assert line["ms"] > 0
    assert str(chat.pk) not in lines.text
    assert "zebrafinch" not in lines.text


def test_refusals_and_odd_verbs_too(client, people, lines):
    client.get(f"/nothing/{CANARY}/")
    client.generic("zebrafinch", "/login/")
    client.get("/healthz")
    got = [(line["method"], line["route"], line["status"]) for line in lines.objects()]
    assert got == [("GET", "unmatched", 404), ("other", "people:login", 405)]
    assert "zebrafinch" not in lines.text


def test_what_is_refused_is_logged_with_who_asked(client, people, chat, lines):
    client.force_login(people.outsider)
    client.get(reverse("people:list"))
    client.get(reverse("practice:chat", args=[chat.pk]))
    got = [(line["route"], line["status"], line["user_id"]) for line in lines.objects("peersupport.access")]
    assert got == [("people:list", 403, people.outsider.pk), ("practice:chat", 404, people.outsider.pk)]
    assert str(chat.pk) not in lines.text


@pytest.mark.parametrize(
    ("behind_proxy", "given", "kept"),
    [
        (True, "a1b2c3d4-0000", True),
        (False, "a1b2c3d4-0000", False),
        (True, "short", False),
        (True, "x" * 65, False),
        (True, "a1b2c3d4\nforged: line", False),
        (True, "a1b2c3d4 level=ERROR", False),
    ],
)
def test_an_id_from_outside_is_kept_only_from_the_proxy_and_in_the_form_of_an_id(
    client, db, settings, behind_proxy, given, kept
):
    settings.BEHIND_PROXY = behind_proxy
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) is kept
    assert len(answer["X-Request-ID"]) >= 8
    assert client.get("/healthz")["X-Request-ID"] != answer["X-Request-ID"]


def test_a_job_is_one_line_with_its_outcome(say, drain, lines, monkeypatch):
    message = say("What would you like to talk about?")
    drain("live")
    [line] = lines.objects("peersupport.jobs")
    assert (line["kind"], line["lane"], line["attempt"]) == ("turn", "live", 1)
    assert (line["outcome"], line["worker"], line["level"]) == ("done", "test", "INFO")
    assert line["ms"] > 0
    assert str(message.pk) not in lines.text  # the job's number leads to its subject

    def quoting(items):
        raise ValueError(f"cannot tag {items!r}")

    monkeypatch.setattr("feedback.turn.load_tagger", lambda: type("Broken", (), {"tag": quoting}))
    say(CANARY)
    drain("live")
    line = lines.objects("peersupport.jobs")[-1]
    assert (line["outcome"], line["level"]) == ("failed", "ERROR")
    assert line["error"] == "builtins.ValueError"
    assert CANARY not in lines.text


@pytest.mark.parametrize("lines", ["plain", "json"], indirect=True)
def test_a_crash_that_quotes_the_text_is_logged_without_it(client, people, chat, lines, monkeypatch):
    def crash(text, **kwargs):
        raise RuntimeError(f"cannot read {text}")

    client.raise_request_exception = False
    client.force_login(people.volunteer)
    monkeypatch.setattr("peersupport.practice.chats.assess", crash)
    assert (
        client.post(reverse("practice:post", args=[chat.pk]), {"text": CANARY, "key": "1"}).status_code == 500
    )
    assert "builtins.RuntimeError" in lines.text
    assert "peersupport/practice/chats.py" in lines.text
    assert "practice:post" in lines.text
    assert CANARY not in lines.text
    assert str(chat.pk) not in lines.text


def test_a_message_costs_two_lines(client, people, chat, drain, lines):
    """What docs/operating.md says about log volume: 1,000 messages are 2,000 lines and under 0.5 MB."""
    client.force_login(people.volunteer)
    for number in range(20):
        client.post(reverse("practice:post", args=[chat.pk]), {"text": "I hear you.", "key": str(number)})
        drain("live")
    assert len(lines.text.splitlines()) == 2 * 20
    assert len(lines.text) / 20 < 500


def output_of(**env: str) -> subprocess.CompletedProcess:
    import os

    code = "import django, logging; django.setup(); logging.getLogger('x').warning('hello %s', 1)"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "peersupport.settings", **env},
        capture_output=True,
        text=True,
    )


def test_plain_at_home_and_json_for_others():
    assert output_of().stderr.rstrip().endswith("Z WARNING x hello 1")
    key = "".join(chr(33 + number) for number in range(60))
    served = output_of(ALLOWED_HOSTS="practice.example.org", SECRET_KEY=key)
    assert json.loads(served.stderr)["message"] == "hello 1"
    assert json.loads(output_of(LOG_FORMAT="json").stderr)["level"] == "WARNING"


def test_a_format_that_does_not_exist_stops_the_start():
    refused = output_of(LOG_FORMAT="xml")
    assert refused.returncode == 1
    assert "LOG_FORMAT must be plain or json, not 'xml'" in refused.stderr
