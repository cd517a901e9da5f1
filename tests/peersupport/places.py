"""Installations of their own beside the test's database: a DATA_DIR, a database, a secret key each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from bench.app import ROOT, App

COUNT = (
    "from peersupport.people.models import User; from peersupport.practice.models import Message;"
    "print(sorted(User.objects.values_list('username', flat=True)),"
    " sorted(Message.objects.values_list('id', 'text')))"
)


class Place:
    """An installation of its own: DATA_DIR, database, secret key."""

    def __init__(self, folder: Path, url: str, key: str = "k" * 50) -> None:
        self.folder = folder
        self.set = {"DATABASE_URL": url, "SECRET_KEY": key}
        self.env = {**os.environ, **self.set, "DATA_DIR": str(folder)}

    def app(self, **env: str) -> App:
        """The whole application with embedded workers, not started yet."""
        return App(self.folder, **self.set, **env)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.run([sys.executable, "manage.py", *arguments])

    def run(self, command: list[str]) -> subprocess.CompletedProcess:
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120)

    def done(self, *arguments: str) -> str:
        """What a management command prints that must succeed."""
        done = self.manage(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, code: str) -> str:
        """What a few lines of Python print inside this installation."""
        return self.done("shell", "--no-imports", "-c", code).strip()

    def rows(self) -> str:
        return self.ask(COUNT)


@contextmanager
def places(root: Path, unblocked) -> Iterator:
    """Makes places on this run's kind of database; what they made is dropped at the end."""
    made = []

    def place(name: str, **options) -> Place:
        folder = root / name
        folder.mkdir()
        if connection.vendor == "sqlite":
            return Place(folder, f"sqlite:///{folder}/db.sqlite3", **options)
        row = settings.DATABASES["default"]
        database = f"test_place_{name}"
        made.append(database)
        with unblocked(), connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database}")
            cursor.execute(f"CREATE DATABASE {database}")
        url = f"postgres://{row['USER']}:{row['PASSWORD']}@{row['HOST']}:{row['PORT']}/{database}"
        return Place(folder, url, **options)

    yield place
    for database in made:
        with unblocked(), connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {database} WITH (FORCE)")
