"""Backup and restore between two installations on the database of this run (SQLite or PostgreSQL)."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
COUNT = (
    "from peersupport.people.models import User; from peersupport.practice.models import Message;"
    "print(sorted(User.objects.values_list('username', flat=True)),"
    " sorted(Message.objects.values_list('id', 'text')))"
)


class Place:
    """An installation of its own: DATA_DIR, database, secret key."""

    def __init__(self, folder: Path, url: str, key: str = "k" * 50) -> None:
        self.folder = folder
        self.env = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": url, "SECRET_KEY": key}

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120)

    def rows(self) -> str:
        return self.manage("shell", "--no-imports", "-c", COUNT).stdout


@pytest.fixture
def place(tmp_path, django_db_blocker):
    made = []

    def place(name: str, **options) -> Place:
        folder = tmp_path / name
        folder.mkdir()
        if connection.vendor == "sqlite":
            return Place(folder, f"sqlite:///{folder}/db.sqlite3", **options)
        row = settings.DATABASES["default"]
        database = f"test_backup_{name}"
        made.append(database)
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database}")
            cursor.execute(f"CREATE DATABASE {database}")
        url = f"postgres://{row['USER']}:{row['PASSWORD']}@{row['HOST']}:{row['PORT']}/{database}"
        return Place(folder, url, **options)

    yield place
    for database in made:
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {database}")


@pytest.fixture
def filled(place) -> Place:
    here = place("here")
    for command in ("migrate", "sync_content", "load_demo"):
        done = here.manage(command)
        assert done.returncode == 0, done.stderr
    (here.folder / "models").mkdir()
    (here.folder / "models" / "coach.bin").write_bytes(b"weights")
    return here


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_everything_comes_back_elsewhere_and_mistakes_change_nothing(filled, place, tmp_path):
    archive = tmp_path / "backup.tar.gz"
    done = filled.manage("backup", "--output", str(archive))
    assert done.returncode == 0, done.stderr
    assert archive.stat().st_mode & 0o077 == 0  # nobody else may read it
    with tarfile.open(archive) as members:
        assert sorted(members.getnames()) == ["database", "manifest.json", "models", "models/coach.bin"]
    assert b"k" * 50 not in archive.read_bytes()

    there = place("there")
    done = there.manage("restore", "--input", str(archive))
    assert done.returncode == 0, done.stderr
    assert there.rows() == filled.rows()
    assert "vera" in there.rows()
    assert (there.folder / "models" / "coach.bin").read_bytes() == b"weights"
    assert there.manage("migrate", "--check").returncode == 0

    again = there.manage("restore", "--input", str(archive))
    assert (again.returncode, "--replace" in again.stderr) == (2, True)
    assert there.manage("restore", "--input", str(archive), "--replace").returncode == 0
    assert there.rows() == filled.rows()

    stranger = place("stranger", key="x" * 50)
    refused = stranger.manage("restore", "--input", str(archive))
    assert (refused.returncode, "SECRET_KEY" in refused.stderr) == (2, True)

    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(archive.read_bytes()[:-4000])
    refused = there.manage("restore", "--input", str(damaged), "--replace")
    assert (refused.returncode, "Nothing was changed" in refused.stderr) == (2, True)
    assert there.rows() == filled.rows()
    assert sorted(path.name for path in tmp_path.glob("*/tmp*")) == []
