"""An installation of each earlier release goes on under this version.

The archives in tests/data/releases were made by `python -m bench.release_archive` on the commit of that
release (0.1.0: 9e4d085), under the fixed key `bench.release_archive.KEY`.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest
from django.db import connection

from bench.app import Volunteer
from bench.release_archive import KEY, WAITING

RELEASES = Path(__file__).resolve().parents[1] / "data" / "releases"
VERSIONS = sorted({path.name.rsplit("-", 1)[0] for path in RELEASES.glob("*.tar.gz")})
STATE = """
import json
from peersupport.audit import chain
from peersupport.audit.models import AuditEvent
from peersupport.practice.models import Message
from skills.models import Correction, SkillTag
print(json.dumps({
    "messages": Message.objects.count(),
    "tags": SkillTag.objects.count(),
    "corrections": Correction.objects.count(),
    "audit": AuditEvent.objects.count(),
    "unsealed": AuditEvent.objects.filter(hash="").count(),
    "broken": chain.first_broken() is not None,
    "turns": dict(Message.objects.filter(role="counselor").values_list("text", "turn")),
}))
"""


def test_there_is_an_archive_of_each_database_and_each_is_small():
    assert "0.1.0" in VERSIONS
    for version in VERSIONS:
        for database in ("sqlite", "postgresql"):
            assert (RELEASES / f"{version}-{database}.tar.gz").stat().st_size < 300_000


def test_the_changelog_counts_the_migrations_since_the_first_release():
    root = Path(__file__).resolve().parents[2]
    first = {("peersupport", "0001"), ("skills", "0001"), ("feedback", "0001"), ("feedback", "0002")}
    apps = ("peersupport", "skills", "feedback")
    now = {(app, path.name[:4]) for app in apps for path in (root / app / "migrations").glob("0*.py")}
    assert first < now
    said = f"{len(now - first)} migrations of ours are applied after the {len(first)} of 0.1.0"
    assert said in (root / "CHANGELOG.md").read_text()


def paths(page: str, pattern: str) -> list[str]:
    return sorted(set(re.findall(rf'"({pattern})"', page)))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("version", VERSIONS)
def test_an_earlier_release_goes_on(version, place):
    there = place("upgraded", key=KEY)
    there.done("restore", "--input", str(RELEASES / f"{version}-{connection.vendor}.tar.gz"))
    there.done("migrate")
    there.done("sync_content")
    assert there.manage("migrate", "--check").returncode == 0
    before = json.loads(there.ask(STATE))
    assert (before["broken"], before["unsealed"], before["corrections"] > 0) == (False, 0, True)
    assert before["audit"] >= 6
    assert before["turns"][WAITING] == "pending"

    app = there.app()
    app.start()
    try:
        vera = Volunteer(app, "vera")
        chats = paths(vera.get("/chats/"), "/chats/[0-9a-f-]{36}/")
        assert len(chats) == 3
        pages = [vera.get(path) for path in chats]
        assert sum(len(re.findall(r'href="/evidence/', page)) for page in pages) > 10
        ended = [path for path, page in zip(chats, pages, strict=True) if 'id="composer"' not in page]
        assert all("<h1" in vera.get(f"{path}report/") for path in chats)
        [open_chat] = set(chats) - set(ended)
        assert say_and_wait(vera, open_chat, "It sounds like you want someone to listen.")
        assert say_and_wait(vera, vera.start_chat(), "What would you like to talk about?")
    finally:
        app.stop()

    after = json.loads(there.ask(STATE))
    assert after["messages"] > before["messages"]
    assert after["tags"] > before["tags"]
    assert set(after["turns"].values()) == {"done"}  # the turn that waited in the archive is through, too
    assert after["audit"] > before["audit"]
    assert (after["broken"], after["corrections"]) == (False, before["corrections"])
    assert there.manage("migrate", "--check").returncode == 0


def say_and_wait(volunteer: Volunteer, path: str, text: str) -> bool:
    """Say it; True once the stream shows tags for it."""
    stream = volunteer.follow(path)
    tagged = threading.Event()

    def listen() -> None:
        for html in stream.events():
            if text in html and 'data-turn="done"' in html:
                tagged.set()
                return

    threading.Thread(target=listen, daemon=True).start()
    volunteer.say(path, text)
    return tagged.wait(30)
