"""Waiting until the disk has it: for what must outlast a power cut once somebody was told that it is done."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from django.db import connection


def flush(path: Path) -> None:
    """A file's bytes, or a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_database() -> None:
    """What is committed. SQLite's log is not waited for at each commit (`synchronous=NORMAL`), which would
    keep every other writer waiting; PostgreSQL waits by itself. Call after the commit."""
    if connection.vendor == "sqlite":
        with suppress(FileNotFoundError):  # all of it stands in the database file already
            flush(Path(f"{connection.settings_dict['NAME']}-wal"))
