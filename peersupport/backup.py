"""One archive that holds everything an installation cannot make again: its database and its own models.

The secret key stays out (whoever has both can read sessions and undo pseudonyms); the archive holds a
fingerprint of it, so that restoring under another key is noticed before it is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.crypto import salted_hmac

import peersupport
from peersupport import dumps, durable
from peersupport.archives import UnsafeArchive, check, pack, unpack
from peersupport.dumps import BackupError

FORMAT = "backup-1"
DATABASE, MANIFEST, MODELS = "database", "manifest.json", "models"
NAMES = (MANIFEST, DATABASE, MODELS)
MANIFEST_BYTES = 65_536
PART, STALE_SECONDS = ".part-backup-", 86_400  # no run takes a day


class HalfRestored(BackupError):
    """Something was changed that could not be put back; the message says what, and where the rest lies."""


def key_fingerprint() -> str:
    return salted_hmac("backup", "fingerprint", secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()[
        :16
    ]


def create(target: Path) -> dict[str, Any]:
    """Write the archive while the application runs; returns its manifest. Raises BackupError."""
    _sweep(_folder(target))
    with tempfile.TemporaryDirectory(prefix=PART, dir=_folder(target)) as name:
        folder = Path(name)
        dumps.write(folder / DATABASE)
        manifest = {
            "format": FORMAT,
            "peersupport": peersupport.__version__,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "database": connection.vendor,
            "schema": dumps.schema(),
            "sha256": _sha256(folder / DATABASE),
            "key": key_fingerprint(),
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        whole = folder / "archive"
        try:
            with tarfile.open(whole, "w:gz", compresslevel=6, dereference=True) as archive:
                archive.add(folder / MANIFEST, MANIFEST)
                archive.add(folder / DATABASE, DATABASE)
                if (settings.DATA_DIR / MODELS).is_dir():
                    pack(archive, settings.DATA_DIR / MODELS, MODELS)
            check(whole, names=NAMES)
        except UnsafeArchive as error:
            raise BackupError(f"No backup was written: it {error}") from error
        os.chmod(whole, 0o600)
        durable.flush(whole)  # or a power cut could leave half of it in the place of the last good one
        os.replace(whole, target)
        durable.flush(target.parent)
    return manifest


def _sweep(folder: Path) -> None:
    """Take away what a killed run left: the whole database, for anybody who may read the folder's files."""
    for left in folder.glob(f"{PART}*"):
        if left.stat().st_mtime < time.time() - STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def restore(source: Path, *, replace: bool = False, other_key: bool = False) -> dict[str, Any]:
    """Put an archive's database and models in place of what is there; returns its manifest.

    Raises BackupError for a damaged archive, another kind of database, another secret key (unless
    `other_key`), or a database that holds people (unless `replace`), and changes nothing then, nor where
    anything else fails: but for HalfRestored. Stop the application first.
    """
    _sweep(settings.DATA_DIR)
    with tempfile.TemporaryDirectory(prefix=PART, dir=settings.DATA_DIR) as name:
        folder = Path(name)
        manifest = _unpack(source, folder)
        _check(manifest, folder, replace=replace, other_key=other_key)
        # The database last: it is replaced whole or not at all, and the models can be put back.
        with _models(folder / MODELS, settings.DATA_DIR / MODELS):
            dumps.load(folder / DATABASE, manifest.get("schema") or dumps.schema())
    return manifest


@contextmanager
def _models(new: Path, held: Path) -> Iterator[None]:
    """What lies in `new`, if it is there, in place of what `held` holds; that comes back if the block fails.

    `held` itself is never renamed or removed, unless it is a link: it may be a mount.
    """
    if not new.is_dir():
        yield
        return
    if mounts := [name for name, *_ in os.walk(held) if name != str(held) and os.path.ismount(name)]:
        raise BackupError(f"{mounts[0]} is a mount of its own and cannot be replaced. Unmount it first.")
    link, was_there = os.readlink(held) if held.is_symlink() else None, held.is_dir()
    if link is not None:
        held.unlink()  # what it leads to is not ours
    held.mkdir(exist_ok=True)
    aside, emptied = Path(tempfile.mkdtemp(prefix=".part-before-", dir=held)), False
    try:
        _move_all(held, aside)
        emptied = True
        _move_all(new, held)
        yield
    except BaseException as error:
        try:
            for path in list(held.iterdir()) if emptied else ():
                if path != aside:  # of the archive
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            _move_all(aside, held)
            aside.rmdir()
            if link is not None or not was_there:
                held.rmdir()
            if link is not None:
                held.symlink_to(link)
        except OSError as other:
            raise HalfRestored(
                f"{str(error).rstrip('.')}. The database is as it was, but the models could not be put back "
                f"({other}): move what lies in {aside} to {held}."
            ) from error
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _move_all(source: Path, target: Path) -> None:
    for path in list(source.iterdir()):
        if path != target:
            shutil.move(path, target / path.name)  # copies where that is another file system


def _folder(target: Path) -> Path:
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}. Make it, or give another path.")
    return target.parent


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    try:
        unpack(source, folder, names=NAMES)
        with (folder / MANIFEST).open("rb") as file:
            manifest = json.loads(file.read(MANIFEST_BYTES))  # a longer one is cut, and so no JSON
    except UnsafeArchive as error:
        raise BackupError(f"{source} {error}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BackupError(f"{source} holds no readable {MANIFEST}. Take another copy.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupError(f"{source} is not a {FORMAT} archive; restore it with the version that made it.")
    said = ("peersupport", "made", "database", "sha256", "key")
    whole = all(isinstance(manifest.get(name), str) for name in said)
    whole = whole and isinstance(manifest.get("schema"), str | None)  # archives of 0.1.0 do not say
    if not whole or not (folder / DATABASE).is_file():
        raise BackupError(f"{source} is no whole backup: parts are missing. Take another copy.")
    return manifest


def _check(manifest: Mapping[str, Any], folder: Path, *, replace: bool, other_key: bool) -> None:
    if _sha256(folder / DATABASE) != manifest["sha256"]:
        raise BackupError("The database in the archive is damaged (its checksum differs). Take another copy.")
    if manifest["database"] != connection.vendor:
        held = manifest["database"]
        raise BackupError(
            f"The archive holds a {held} database and DATABASE_URL names {connection.vendor}. "
            f"Set DATABASE_URL to a {held} database."
        )
    held, here = manifest.get("schema"), dumps.schema()
    if held and here and held != here:
        raise BackupError(
            f"The archive holds the schema {held} and DATABASE_URL leads to {here}. Name it in DATABASE_URL: "
            f"?options=-c%20search_path%3D{held}"
        )
    if manifest["key"] != key_fingerprint() and not other_key:
        raise BackupError(
            "The archive was made under another SECRET_KEY: people would have to sign in again and export "
            "pseudonyms would change. Set the old SECRET_KEY, or say --other-key."
        )
    if _holds_people() and not replace:
        raise BackupError("The database here holds people already. Say --replace to put the archive's in.")


def _holds_people() -> bool:
    table = "peersupport_user"
    if table not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608 - a constant
        return bool(cursor.fetchone()[0])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
