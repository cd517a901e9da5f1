"""Where the tables of an import lie, how they come there, and how they go.

`DATA_DIR/studies/<import>/<table>.csv` or `.parquet`, `spec.toml`, and beside them `errors.csv` and what a
run has counted in messages so far. A file is named by its field alone: names of files name people. Nothing
here reads a table.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Collection
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePath
from uuid import UUID

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from feedback.evidence.study.columns import REQUIRED, TABLES

FOLDER, SPEC, ERRORS, COUNTED = "studies", "spec", "errors.csv", "counted.npz"
FIELDS = (*TABLES, SPEC)
SUFFIXES = {".csv": ".csv", ".parquet": ".parquet", ".pq": ".parquet"}
STALE_SECONDS = 3600  # of a folder that nothing names: an upload that broke off


@cache
def reads_parquet() -> bool:
    """Whether the optional pyarrow is there; looked for without importing it."""
    return find_spec("pyarrow") is not None


def folder_of(import_id: UUID) -> Path:
    return settings.DATA_DIR / FOLDER / str(import_id)


def brought(import_id: UUID) -> dict[str, Path]:
    """{field: file} of what is there, in the order of the fields."""
    folder = folder_of(import_id)
    found = {path.stem: path for path in folder.iterdir()} if folder.is_dir() else {}
    return {name: found[name] for name in FIELDS if name in found}


def lacking(import_id: UUID) -> list[str]:
    there = brought(import_id)
    return [name for name in REQUIRED if name not in there]


def take(import_id: UUID, upload: ToFolder) -> None:
    """Put what came in place; of each table the newest file stays. What was found in the old ones goes."""
    folder = folder_of(import_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_found(folder)
    for name, path in upload.files.items():
        for old in brought(import_id).items():
            if old[0] == name and old[1].suffix != path.suffix:
                old[1].unlink(missing_ok=True)
        os.replace(path, folder / path.name)


def drop(import_id: UUID, name: str) -> None:
    """Delete one file, and what was found in them all."""
    _forget_found(folder_of(import_id))
    brought(import_id)[name].unlink(missing_ok=True)


def _forget_found(folder: Path) -> None:
    for name in (ERRORS, COUNTED):
        (folder / name).unlink(missing_ok=True)


def erase(import_id: UUID) -> None:
    """Delete the files. The space is given back, not written over; no backup holds them."""
    shutil.rmtree(folder_of(import_id), ignore_errors=True)


def sweep(living: Collection[str]) -> int:
    """Delete folders that no living import names, once nobody can still be writing there. Says how many."""
    root, gone = settings.DATA_DIR / FOLDER, 0
    for path in root.iterdir() if root.is_dir() else ():
        if path.name not in living and path.stat().st_mtime < time.time() - STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
            gone += 1
    return gone


class ToFolder(FileUploadHandler):
    """Writes the files of a form to a folder as they come, `limit` bytes at most; the rest is thrown away.

    `files`: {field: path} of what came whole; `refused`: {field: why}. `close` deletes what was not taken.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.files: dict[str, Path] = {}
        self.refused: dict[str, str] = {}
        self._folder: Path | None = None
        self._size = 0
        self._handle = None

    def new_file(self, field_name, file_name, *args, **kwargs) -> None:
        suffix = PurePath(file_name or "").suffix.lower()
        kept = ".toml" if field_name == SPEC else SUFFIXES.get(suffix)
        if field_name not in FIELDS or field_name in self.files:
            raise SkipFile
        if kept is None or (field_name == SPEC and suffix != ".toml"):
            self.refused[field_name] = "form"
            raise SkipFile
        if kept == ".parquet" and not reads_parquet():
            self.refused[field_name] = "parquet"
            raise SkipFile
        if self._folder is None:
            root = settings.DATA_DIR / FOLDER
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(dir=root, prefix=".part-"))
        self._name, self._path = field_name, self._folder / f"{field_name}{kept}"
        self._handle = self._path.open("wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._size += len(raw_data)
        if self._size > self.limit:
            self._give_up("size")
        try:
            self._handle.write(raw_data)
        except OSError:  # no room on the disk
            self._give_up("room")

    def _give_up(self, why: str) -> None:
        self.refused[self._name] = why
        self._handle.close()
        self._path.unlink(missing_ok=True)
        self._handle = None
        raise SkipFile

    def file_complete(self, file_size: int) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None
            self.files[self._name] = self._path

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
