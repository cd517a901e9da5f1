"""SHA-256 of files of models, each read once as long as its size and time stay the same.

Whoever has read a file writes a stamp: path, size, time and digest, in a file of DATA_DIR that web and
workers share. Pages trust stamps, so that no request waits until gigabytes are read; workers and a switch
read, once a process. A file that was written anew has another size or time, and is read again by all.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

STAMPS = ".read.json"
_MOST = 1000
_Key = tuple[str, int, int]  # path, size, time in nanoseconds

_read: dict[_Key, str] = {}  # by this process
_reading = threading.Lock()  # several requests wait for one reading
_stamps: dict[Path, tuple[tuple[int, int, int], dict[str, Any]]] = {}


def sha256(path: Path, stamps: Path, *, trust: bool) -> str:
    """Of a file, with the folder where stamps lie; empty for one that cannot be read."""
    try:
        key = _key(path)
        if found := _read.get(key) or (trust and _stamp_of(key, stamps)):
            return found
        with _reading:
            # What another thread has read meanwhile is there.
            return _read.get(key) or (trust and _stamp_of(key, stamps)) or _read_now(key, stamps)
    except OSError:
        return ""


def moved(old: Path, new: Path, stamps: Path) -> None:
    """The folder took another name: what was read of its files holds for it."""
    found = {}
    for path in filter(Path.is_file, new.iterdir()):
        size, time = _key(path)[1:]
        before = (str(old / path.name), size, time)
        if digest := _read.get(before) or _stamp_of(before, stamps):
            found[str(path), size, time] = digest
    _read.update(found)
    _write(found, stamps)


def _key(path: Path) -> _Key:
    found = path.stat()
    return str(path), found.st_size, found.st_mtime_ns


def _read_now(key: _Key, stamps: Path) -> str:
    with open(key[0], "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if len(_read) >= _MOST:
        _read.clear()
    _read[key] = digest
    _write({key: digest}, stamps)
    return digest


def _stamp_of(key: _Key, stamps: Path) -> str:
    path, *state = key
    stamp = _all(stamps).get(path)
    return stamp[2] if isinstance(stamp, list) and len(stamp) == 3 and stamp[:2] == state else ""


def _all(stamps: Path) -> dict[str, Any]:
    """{path: [size, time, digest]}, looked at anew when the file has changed."""
    file = stamps / STAMPS
    try:
        found = file.stat()
        state = found.st_ino, found.st_size, found.st_mtime_ns
        if file not in _stamps or _stamps[file][0] != state:
            told = json.loads(file.read_text(encoding="utf-8"))
            _stamps[file] = state, told if isinstance(told, dict) else {}
        return _stamps[file][1]
    except (OSError, ValueError):
        return {}


def _write(read: dict[_Key, str], stamps: Path) -> None:
    """Beside what others wrote; of files that are there. Two processes at once may lose a stamp: then the
    file is read once more."""
    rows = _all(stamps) | {path: [size, time, digest] for (path, size, time), digest in read.items()}
    if rows == _all(stamps):
        return
    part = stamps / f"{STAMPS}.{os.getpid()}.{threading.get_ident()}"
    try:
        stamps.mkdir(parents=True, exist_ok=True)
        text = json.dumps({path: row for path, row in rows.items() if os.path.exists(path)})
        part.write_text(text + "\n", encoding="utf-8")
        os.replace(part, stamps / STAMPS)
    except OSError:  # a stamp saves time and nothing else
        part.unlink(missing_ok=True)
