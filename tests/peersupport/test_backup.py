"""Backup and restore between two installations on the database of this run (SQLite or PostgreSQL)."""

from __future__ import annotations

import json
import os
import tarfile
import time

import pytest
from django.core.management import call_command
from django.db import connection
from psycopg import conninfo

from bench.release_archive import KEY
from peersupport import archives, backup
from tests.peersupport.places import Place
from tests.peersupport.test_upgrade import RELEASES

OLD = RELEASES / f"0.1.0-{connection.vendor}.tar.gz"
SOMEBODY = "from peersupport.people.models import User; User.objects.create_user('somebody new')"
STATE = (
    "from django.db import connection; from peersupport.people.models import User;"
    "print(sorted(connection.introspection.table_names()),"
    " sorted(User.objects.values_list('username', flat=True)))"
)


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
    assert sorted(path.name for path in tmp_path.glob("**/.part-backup-*")) == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_back_to_an_earlier_release_and_a_broken_archive_changes_nothing(place, tmp_path):
    """Over a newer database: its tables, also those with keys to older ones, neither hinder nor stay."""
    there = place("newer", key=KEY)
    there.done("migrate")
    there.ask(SOMEBODY)
    newer = there.ask(STATE)
    assert "peersupport_organisationversion" in newer and "somebody new" in newer
    if connection.vendor == "postgresql":  # SQLite's is one file, put in place at once
        refused = there.manage("restore", "--input", str(cut_short(tmp_path)), "--replace")
        assert (refused.returncode, "pg_restore failed" in refused.stderr) == (2, True), refused.stderr
        assert "Nothing was changed" in refused.stderr
        refused = there.manage("restore", "--input", str(not_for_psql(tmp_path)), "--replace")
        assert (refused.returncode, "psql failed" in refused.stderr) == (2, True), refused.stderr
        assert there.ask(STATE) == newer

    said = there.done("restore", "--input", str(OLD), "--replace")
    assert "erase_person --again" in said and "There is no" in said
    tables = there.ask("from django.db import connection; print(connection.introspection.table_names())")
    assert "peersupport_user'" in tables and "peersupport_organisationversion" not in tables
    there.done("migrate")
    older = there.ask(STATE)
    assert older.partition("]")[0] == newer.partition("]")[0]
    assert "vera" in older and "somebody new" not in older


def with_database(folder, content: bytes):
    """The old archive with another database in it, whose checksum fits."""
    inside, archive = folder / "inside", folder / "other.tar.gz"
    with tarfile.open(OLD) as old:
        old.extractall(inside, filter="data")
    (inside / "database").write_bytes(content)
    manifest = json.loads((inside / "manifest.json").read_text())
    manifest["sha256"] = backup._sha256(inside / "database")
    (inside / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(archive, "w:gz") as other:
        for name in ("manifest.json", "database"):
            other.add(inside / name, name)
    return archive


def cut_short(folder):
    with tarfile.open(OLD) as old:
        whole = old.extractfile("database").read()
    return with_database(folder, whole[: len(whole) * 2 // 3])


def not_for_psql(folder):
    """A dump with an error in the middle, found when all tables are dropped and some are made again."""
    with tarfile.open(OLD) as old:
        whole = old.extractfile("database").read()
    made = b"CREATE TABLE public.peersupport_user "
    assert made in whole
    return with_database(folder, whole.replace(made, made.replace(b"TABLE", b"TABEL")))


@pytest.mark.django_db(transaction=True)
def test_links_among_the_models_come_back_as_what_they_lead_to(settings, tmp_path):
    """A snapshot of a hub is links to blobs; whoever copies with `cp -al` has hard links."""
    settings.DATA_DIR = tmp_path / "data"
    model, elsewhere = settings.DATA_DIR / "models" / "hub", tmp_path / "elsewhere"
    for folder in (model / "blobs", model / "snapshot", elsewhere):
        folder.mkdir(parents=True)
    (model / "blobs" / "ab12").write_bytes(b"weights")
    (model / "snapshot" / "model.safetensors").symlink_to("../blobs/ab12")
    os.link(model / "blobs" / "ab12", model / "snapshot" / "copy")
    (elsewhere / "card.json").write_text("{}")
    (settings.DATA_DIR / "models" / "far").symlink_to(elsewhere)
    (model / ".part-1").mkdir()
    call_command("backup", output=tmp_path / "a.tar.gz")

    folder = tmp_path / "unpacked"
    folder.mkdir()
    backup._unpack(tmp_path / "a.tar.gz", folder)
    found = {str(path.relative_to(folder)): path for path in (folder / "models").rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == {
        "models/hub/blobs/ab12": b"weights",
        "models/hub/snapshot/model.safetensors": b"weights",
        "models/hub/snapshot/copy": b"weights",
        "models/far/card.json": b"{}",
    }
    assert not any(path.is_symlink() for path in folder.rglob("*"))


@pytest.mark.parametrize(("target", "words"), [("nowhere", "leads to no file"), ("..", "leads back up")])
@pytest.mark.django_db(transaction=True)
def test_a_link_that_no_archive_can_hold_is_refused_before_anything_is_written(
    target, words, settings, tmp_path
):
    settings.DATA_DIR = tmp_path / "data"
    (settings.DATA_DIR / "models" / "own").mkdir(parents=True)
    (settings.DATA_DIR / "models" / "own" / "link").symlink_to(target)
    with pytest.raises(backup.BackupError, match=words):
        backup.create(tmp_path / "a.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_run_left_goes_with_the_next(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    left, running = (tmp_path / f"{backup.PART}{name}" for name in ("killed", "running"))
    for folder in (left, running):
        folder.mkdir()
        (folder / "database").write_bytes(b"everything")
    yesterday = time.time() - backup.STALE_SECONDS - 1
    os.utime(left, (yesterday, yesterday))
    backup.create(tmp_path / "a.tar.gz")
    assert sorted(path.name for path in tmp_path.iterdir()) == [running.name, "a.tar.gz", "data"]


SQL = "from django.db import connection; c = connection.cursor(); "


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL's schemas")
@pytest.mark.parametrize(("ours", "others"), [("Own", "public"), ("public", "Theirs")])
def test_our_schema_comes_back_and_what_others_hold_beside_it_stays(ours, others, place, tmp_path):
    there, neighbour = place("there"), f'\\"{others}\\".neighbour'
    there.ask(SQL + f"c.execute('CREATE SCHEMA IF NOT EXISTS \"{ours}\"')")
    there.ask(SQL + f"c.execute('CREATE SCHEMA IF NOT EXISTS \"{others}\"')")
    there.ask(SQL + f'c.execute("CREATE TABLE {neighbour} AS SELECT 7 AS a")')
    there.env["DATABASE_URL"] += f"?options=-c%20search_path%3D%22{ours}%22"
    there.done("migrate")
    archive = str(tmp_path / "a.tar.gz")
    there.done("backup", "--output", archive)
    there.ask(SOMEBODY)
    there.ask(SQL + f'c.execute("UPDATE {neighbour} SET a = 8")')
    there.done("restore", "--input", archive, "--replace")
    assert there.rows() == "[] []"
    assert there.ask(SQL + f'c.execute("SELECT a FROM {neighbour}"); print(c.fetchone()[0])') == "8"


@pytest.mark.django_db(transaction=True)
def test_an_archive_of_another_schema_is_refused_in_words(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    monkeypatch.setattr(backup.dumps, "write", lambda target: target.write_bytes(b"rows"))
    monkeypatch.setattr(backup.dumps, "schema", lambda: "own")
    backup.create(tmp_path / "a.tar.gz")
    monkeypatch.setattr(backup.dumps, "schema", lambda: "public")
    with pytest.raises(backup.BackupError, match="holds the schema own and DATABASE_URL leads to public"):
        backup.restore(tmp_path / "a.tar.gz", replace=True)


def test_the_programs_trust_the_server_no_more_than_the_application_does(monkeypatch):
    said = {
        "dbname": "it's", "host": "db", "user": "me", "password": "canary", "sslmode": "verify-full",
        "sslrootcert": "/etc/a b.pem", "options": "-c search_path=own", "pool": {}, "cursor_factory": object,
    }  # fmt: skip
    monkeypatch.setattr(backup.dumps.connection, "get_connection_params", lambda: said)
    program, address, *rest = backup.dumps._command("pg_dump", "--format=custom")
    assert (program, rest) == ("pg_dump", ["--format=custom"])
    assert conninfo.conninfo_to_dict(address.removeprefix("--dbname=")) == {
        name: said[name] for name in ("dbname", "host", "user", "sslmode", "sslrootcert", "options")
    }


@pytest.mark.django_db(transaction=True)
def test_what_a_restore_would_refuse_is_not_written(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path / "data"
    (settings.DATA_DIR / "models").mkdir(parents=True)
    for number in range(9):
        (settings.DATA_DIR / "models" / str(number)).write_bytes(b"w")
    monkeypatch.setattr(archives, "MAX_MEMBERS", 11)  # the folder, nine files, manifest and database
    with pytest.raises(backup.BackupError, match="No backup was written: it would unpack to more"):
        backup.create(tmp_path / "a.tar.gz")
    monkeypatch.setattr(archives, "MAX_MEMBERS", 9)
    with pytest.raises(backup.BackupError, match="more than 9 files"):
        backup.create(tmp_path / "a.tar.gz")
    assert not (tmp_path / "a.tar.gz").exists()
