"""A restore that fails in the middle changes nothing, or says what it changed."""

from __future__ import annotations

import errno
import io
import os
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from peersupport import backup

pytestmark = pytest.mark.django_db(transaction=True)
OLD = {"own/coach.bin": "old", "own/deep/card.json": "{}", "loose.txt": "old"}
NEW = {"own/coach.bin": "new", "other/coach.bin": "new"}


@pytest.fixture
def models(settings, tmp_path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR / "models"


@pytest.fixture
def archive(models, tmp_path) -> Path:
    """One that holds NEW; OLD lies there by now."""
    fill(models, NEW)
    call_command("backup", output=tmp_path / "a.tar.gz")
    shutil.rmtree(models)
    fill(models, OLD)
    return tmp_path / "a.tar.gz"


@pytest.fixture
def loaded(monkeypatch) -> list[Path]:
    """In place of loading the database, which is the test's own."""
    found: list[Path] = []
    monkeypatch.setattr(backup.dumps, "load", lambda path, schema: found.append(path))
    return found


def fill(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def held(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def restore(archive: Path) -> str:
    out = io.StringIO()
    call_command("restore", input=archive, replace=True, stdout=out)
    return out.getvalue()


def breaks(*args, **kwargs):
    raise backup.BackupError("psql failed: no room.")


def test_models_are_exchanged_with_the_database(archive, models, loaded):
    assert "restored the backup" in restore(archive)
    assert held(models) == NEW
    assert [path.name for path in models.iterdir() if path.name.startswith(".")] == []
    assert len(loaded) == 1


def test_a_database_that_does_not_load_leaves_the_models_as_they_were(archive, models, monkeypatch):
    monkeypatch.setattr(backup.dumps, "load", breaks)
    with pytest.raises(CommandError, match=r"psql failed: no room\. Nothing was changed\."):
        restore(archive)
    assert held(models) == OLD
    assert [path.name for path in models.parent.iterdir()] == ["models"]


@pytest.mark.parametrize("moment", [1, 2, 3, 4])
def test_where_a_file_cannot_be_moved_nothing_is_changed(moment, archive, models, loaded, monkeypatch):
    """Two old ones and two new ones: a full disk at each of them."""
    real, calls = shutil.move, []

    def move(source, target):
        calls.append(source)
        if len(calls) == moment:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(shutil, "move", move)
    with pytest.raises(CommandError, match=r"No space left on device\. Nothing was changed\."):
        restore(archive)
    assert held(models) == OLD and loaded == []


def test_models_on_a_mount_are_exchanged_inside_it(archive, models, loaded, monkeypatch):
    """A mount can be neither renamed nor removed, and what comes into it comes from another file system."""
    rename, rmdir = os.rename, os.rmdir

    def renamed(source, target, **kwargs):
        if Path(source) == models or Path(target) == models:
            raise OSError(errno.EBUSY, "Device or resource busy")
        if models in Path(target).parents and models not in Path(source).parents:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(source, target, **kwargs)

    def removed(path, **kwargs):
        if path in (models, str(models)):
            raise OSError(errno.EBUSY, "Device or resource busy")
        return rmdir(path, **kwargs)

    for name, other in (("rename", renamed), ("replace", renamed), ("rmdir", removed)):
        monkeypatch.setattr(os, name, other)
    monkeypatch.setattr(backup.dumps, "load", breaks)
    with pytest.raises(CommandError, match=r"Nothing was changed"):
        restore(archive)
    assert held(models) == OLD
    monkeypatch.setattr(backup.dumps, "load", lambda path, schema: loaded.append(path))
    restore(archive)
    assert held(models) == NEW and len(loaded) == 1


def test_a_mount_among_the_models_is_refused_before_anything_is_moved(archive, models, loaded, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == models / "own")
    with pytest.raises(CommandError, match=r"is a mount of its own .* Nothing was changed"):
        restore(archive)
    assert held(models) == OLD and loaded == []


def test_a_link_in_place_of_the_models_stays_where_the_restore_fails(archive, models, loaded, monkeypatch):
    elsewhere = models.rename(models.with_name("elsewhere"))
    models.symlink_to(elsewhere)
    load = backup.dumps.load
    monkeypatch.setattr(backup.dumps, "load", breaks)
    with pytest.raises(CommandError, match=r"Nothing was changed"):
        restore(archive)
    assert models.readlink() == elsewhere and held(elsewhere) == OLD
    monkeypatch.setattr(backup.dumps, "load", load)
    restore(archive)
    assert not models.is_symlink() and held(models) == NEW
    assert held(elsewhere) == OLD  # what it leads to is not ours


def test_what_cannot_be_put_back_is_said(archive, models, monkeypatch):
    def breaks_all(source, schema):
        monkeypatch.setattr(backup, "_move_all", breaks_too)
        breaks()

    def breaks_too(source, target):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(backup.dumps, "load", breaks_all)
    with pytest.raises(CommandError, match=r"psql failed.*models could not be put back") as told:
        restore(archive)
    assert "Nothing was changed" not in str(told.value)
    [aside] = models.glob(".part-before-*")
    assert str(aside) in str(told.value) and held(aside) == OLD


def test_a_file_of_sqlite_keeps_its_log_where_it_cannot_be_replaced(tmp_path, monkeypatch):
    """The log may hold what was committed last."""
    name, source = tmp_path / "db", tmp_path / "in" / "database"
    fill(tmp_path, {"db": "old", "db-wal": "log", "db-shm": "shared", "in/database": "new"})
    before = {"db": "old", "db-wal": "log", "db-shm": "shared"}
    real = os.replace

    def replace(one, other):
        if Path(other) == name:
            raise OSError(errno.EBUSY, "Device or resource busy")
        real(one, other)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match=r"busy"):
        backup.dumps.replace_file(source, name)
    assert held(tmp_path) == before
    monkeypatch.setattr(os, "replace", real)
    fill(tmp_path, {"in/database": "new"})
    backup.dumps.replace_file(source, name)
    assert held(tmp_path) == {"db": "new"}
