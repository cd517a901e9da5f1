"""Archives of the version at hand, which tests of later versions upgrade from.

python -m bench.release_archive [FOLDER]

Run it on the commit that is released; FOLDER is tests/data/releases unless named. It writes
VERSION-sqlite.tar.gz and VERSION-postgresql.tar.gz with `manage.py backup`: the demo data, and what a
day of use leaves behind (`live`), one turn still waiting in the queue.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import peersupport
from bench.app import ROOT, App
from bench.servers import Postgres

# Not a secret: whoever restores these archives needs it, and they hold invented people only.
KEY = "release-archive-" + "k" * 48
FOLDER = ROOT / "tests" / "data" / "releases"
OPEN_CHAT = [
    "Hello, I'm glad you are here. What brings you in?",
    "That sounds like a lot to carry alone.",
]
WAITING = "What would help you most right now?"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        make(folder / f"{peersupport.__version__}-sqlite.tar.gz", Path(name) / "sqlite")
        postgres = Postgres(Path(name) / "server").start()
        try:
            target = folder / f"{peersupport.__version__}-postgresql.tar.gz"
            make(target, Path(name) / "postgresql", DATABASE_URL=postgres.url)
        finally:
            postgres.stop()


def make(target: Path, data_dir: Path, **env: str) -> None:
    """One archive from an installation that is made for it in `data_dir`."""
    data_dir.mkdir()
    env = App(data_dir, SECRET_KEY=KEY, **env).env
    for command in (
        ["manage.py", "migrate"],
        ["manage.py", "sync_content"],
        ["manage.py", "load_demo"],
        ["manage.py", "collectstatic", "--noinput", "--verbosity=0"],
        ["-c", "import django; django.setup(); from bench.release_archive import live; live()"],
        ["manage.py", "backup", "--output", str(target)],
    ):
        env["DJANGO_SETTINGS_MODULE"] = "peersupport.settings"
        subprocess.run([sys.executable, *command], cwd=ROOT, env=env, check=True)


def live() -> None:
    """People sign in, practise, correct and export; the audit chain is sealed; one turn waits."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from bench.reviewing import basis_of
    from peersupport.audit import chain
    from peersupport.demo.data import PASSWORD
    from peersupport.jobs import running
    from peersupport.people.models import User
    from peersupport.practice.models import Message, PracticeChat, Scenario

    def sign_in(name: str) -> Client:
        client = Client(headers={"host": "localhost"})
        answer = client.post(reverse("people:login"), {"username": name, "password": PASSWORD})
        assert answer.status_code == 302, f"{name} could not sign in"
        return client

    assert settings.SECRET_KEY == KEY
    vera, tara, ada = sign_in("vera"), sign_in("tara"), sign_in("ada")
    vera.post(reverse("practice:start", args=[Scenario.objects.filter(active=True, risk=False)[0].pk]))
    chat = PracticeChat.objects.get(status="open")
    for number, line in enumerate(OPEN_CHAT):
        vera.post(reverse("practice:post", args=[chat.pk]), {"text": line, "key": str(number)})
        running.drain_lane("live", worker="release")
    tara.get(reverse("practice:chat", args=[chat.pk]))
    message = Message.objects.get(chat=chat, text=OPEN_CHAT[0])
    made_on = basis_of(message, User.objects.get(username="tara"))
    form = {"codes": ["affirm"], "note": "warm and honest", "basis": made_on}
    assert tara.post(reverse("skills:correct", args=[message.pk]), form).status_code == 302
    ada.get(reverse("feedback:export-tags"))
    vera.post(reverse("practice:post", args=[chat.pk]), {"text": WAITING, "key": "waiting"})
    chain.seal()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else FOLDER)
