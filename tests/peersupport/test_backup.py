"""Backup and restore between two installations on the database of this run (SQLite or PostgreSQL)."""

from __future__ import annotations

import tarfile

import pytest

from tests.peersupport.places import Place


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
